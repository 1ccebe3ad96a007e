// The connection: what state it is in, and from where it goes on after an interruption.
import { byId, copyOf, on } from "./dom.js";
import { say } from "./words.js";

const ASLEEP = 150_000; // ms without a tick: the computer slept, the socket may be dead
let connection = null;
let failures = 0;
let leaving = false; // somebody logs out here: the end of the session is no news
let newest = 0n; // beyond what a Number holds exactly

function show(state) {
  const status = byId("live-status");
  if (!status || status.dataset.state === state) return;
  status.hidden = false;
  status.dataset.state = state;
  status.textContent = say(state);
}

// The server replays what changed after the cursor. htmx connects again with `connection.url`,
// both after a lost connection and when a hidden tab is shown again.
// Cut off in the middle of catching up, the page says up to where it has all.
function keepCursor() {
  const { value = "", dataset } = byId("cursor") ?? {};
  if (/^\d+$/.test(value) && BigInt(value) > newest) newest = BigInt(value);
  if (!connection || !newest) return;
  const url = new URL(connection.url);
  if (!url.searchParams.has("cursor")) return;
  url.searchParams.set("cursor", String(newest));
  if (dataset?.whole) url.searchParams.set("whole", dataset.whole);
  else url.searchParams.delete("whole");
  connection.url = url.href;
}

// A refused upgrade tells a script nothing: ask whether the session is still good.
async function checkSession() {
  let answer;
  try {
    answer = await fetch("/notifications?limit=1", { headers: { Accept: "application/json" } });
  } catch {
    return; // the server is away: htmx keeps trying
  }
  if (answer.status !== 401) return;
  show("offline");
  byId("live")?.remove();
  byId("banner")?.replaceChildren(copyOf("logged-out"));
}

function connected(event) {
  connection = event.detail.connection;
  failures = 0;
  show("live");
}

function closed(event) {
  const { connection: which, reason, code } = event.detail;
  if (leaving || reason === "removed" || (connection && which !== connection)) return;
  failures += 1;
  const again = which.config.reconnectCodes.includes(code);
  show(again && navigator.onLine ? "reconnecting" : "offline");
  if (!again || failures > 2) checkSession();
}

// Close the socket, which may be open by name only; htmx connects anew (1000 is among its
// codes, base.html: what a server answers to a page that closes).
export function reconnect() {
  if (connection?.socket?.readyState === WebSocket.OPEN) connection.socket.close();
}

function watchSleep() {
  let tick = Date.now();
  setInterval(() => {
    if (Date.now() - tick > ASLEEP) reconnect();
    tick = Date.now();
  }, 5000);
}

export function startLive() {
  on("htmx:ws:before:connection", (event) => {
    connection = event.detail.connection;
    keepCursor();
  });
  on("htmx:ws:after:connection", connected);
  on("htmx:ws:after:message:incoming", keepCursor);
  on("htmx:ws:close", closed);
  document.addEventListener("submit", (event) => {
    leaving ||= event.target.getAttribute("action") === "/logout";
  });
  window.addEventListener("offline", () => show("offline"));
  window.addEventListener("online", reconnect);
  watchSleep();
}
