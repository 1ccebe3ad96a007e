// Frames that arrive faster than the screen is painted are shown together: one swap, not many.
// The first goes in at once; those that come before it is painted wait for that.
import { on } from "./dom.js";
import { readFrame } from "./frame.js";
import { holdsBack } from "./pause.js";

const LONGEST = 100; // ms: nothing is painted in a hidden tab
const states = new WeakMap(); // of connections

let painting = Promise.resolve(); // what was swapped in last

// Waits until the last swap is painted, and lets the next wait for the one that follows.
async function painted() {
  await painting;
  await new Promise((done) => setTimeout(done)); // htmx hears of a frame before `connected` notes it
  painting = new Promise((done) => {
    requestAnimationFrame(() => done());
    setTimeout(done, LONGEST);
  });
}

// Each frame by its number, noted also while htmx is still busy with those before it.
function connected(event) {
  const { connection } = event.detail;
  const state = states.get(connection) ?? { frames: new Map(), came: 0, taken: 0, next: 0 };
  states.set(connection, state);
  connection.socket.addEventListener("message", ({ data }) => {
    state.frames.set(state.came++, readFrame(data));
  });
}

// How many of the first frames can go in at once: htmx looks up all its targets before it swaps, so
// no row may be in there twice, and what is not about rows goes alone.
function together(frames) {
  const seen = new Set();
  for (const [count, frame] of frames.entries()) {
    const ids = frame.isList ? [] : frame.rows.map((row) => row.id);
    if (!ids.length || ids.some((id) => seen.has(id))) return Math.max(1, count);
    for (const id of ids) seen.add(id);
  }
  return frames.length;
}

// htmx takes the frames one by one, in order: the first takes those with it that have come since.
function incoming(event) {
  const { connection, message } = event.detail;
  const state = states.get(connection);
  const number = state.taken++;
  if (number < state.next) return event.preventDefault(); // it went in with one before it
  if (holdsBack(message.data)) {
    state.frames.delete(number);
    return event.preventDefault();
  }
  return event.detail.waitUntil(
    painted().then(() => {
      for (const old of state.frames.keys()) if (old < number) state.frames.delete(old);
      const frames = [...state.frames.values()];
      const count = together(frames);
      state.next = number + count;
      message.data = frames
        .slice(0, count)
        .map((frame) => frame.text)
        .join("");
    }),
  );
}

export function startBurst() {
  on("htmx:ws:after:connection", connected);
  on("htmx:ws:before:message:incoming", incoming);
}
