// How long it took until new rows were painted: of one a second, told to the server every few
// seconds, for the account's own eyes (/latency). By this page's own clock: spans, not times.
import { byId, on } from "./dom.js";

const SAMPLE = 1000; // ms between two rows that are measured
const GATHER = 10_000; // ms before what was measured is told
const MOST = 20; // rows told at once
const painted = new Map(); // id -> when it was painted
let next = 0;
let last = "";
let waiting = null;

function tell() {
  clearTimeout(waiting);
  waiting = null;
  if (!painted.size) return;
  const now = performance.now();
  const shown = [...painted].map(([id, at]) => ({ id, ago: Math.round(now - at) }));
  painted.clear();
  // `keepalive`: also while the page is being left. What is lost is no loss.
  fetch("/latency/shown", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ shown }),
  }).catch(() => {});
}

function measure(id) {
  // After a frame was made: the row is on the screen.
  requestAnimationFrame(() =>
    setTimeout(() => {
      if (document.hidden || painted.size >= MOST) return;
      painted.set(id, performance.now());
      waiting ??= setTimeout(tell, GATHER);
    }),
  );
}

function afterSwap() {
  if (document.hidden || performance.now() < next) return;
  const row = byId("feed")?.firstElementChild;
  if (!row?.classList.contains("arrived") || row.id === last) return;
  next = performance.now() + SAMPLE;
  last = row.id;
  measure(row.id.slice(2)); // without "n-"
}

export function startShown() {
  on("htmx:after:swap", afterSwap);
  on("visibilitychange", () => {
    if (document.hidden) tell();
  });
  window.addEventListener("pagehide", tell);
}
