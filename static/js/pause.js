// Pause: the list stands still and says how many are new. What was held back is not kept here:
// going on, the page connects anew and the server replays everything after the page's cursor.
import { announce, byId, on, onPage } from "./dom.js";
import { readFrame } from "./frame.js";
import { reconnect } from "./live.js";
import { say } from "./words.js";

const MANY = 1000;
let isPaused = false;
const held = new Set();

function show() {
  const button = byId("pause");
  if (!button) return;
  const count = held.size >= MANY ? `${MANY}+` : held.size;
  const words = !isPaused ? "pause" : held.size ? "resume_new" : "resume";
  button.textContent = say(words, { count });
  button.setAttribute("aria-pressed", String(isPaused));
}

/**
 * Whether a frame is not to be shown now.
 * @param {string} text HTML, as the server sends it
 */
export function holdsBack(text) {
  if (!isPaused) return false;
  const { rows, isList } = readFrame(text);
  if (!isList && !rows.length) return false;
  const before = held.size;
  for (const { id, isNew } of rows) {
    if (isNew && held.size < MANY && !byId(id)) held.add(id);
  }
  show();
  if (held.size > before) announce(() => say("paused_new", { count: held.size }));
  return true;
}

function toggle() {
  isPaused = !isPaused;
  held.clear();
  show();
  if (!isPaused) reconnect();
}

// Another list is shown: what was held back was of the one before.
function forget() {
  held.clear();
  show();
}

export function startPause() {
  onPage(() => {
    isPaused = false; // a page that comes back is connected anew
    held.clear();
    const button = byId("pause");
    if (button) button.hidden = false;
  });
  on("click", (event) => {
    if (event.target.closest?.("#pause")) toggle();
  });
  on("htmx:after:swap", (event) => {
    if (event.detail.ctx.target?.id === "list") forget();
  });
}
