// Relative times that stay true, and exact ones in the reader's own time zone.
import { on } from "./dom.js";

const SECOND = 1000, MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;
const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
// Moments on an axis: of the day, or of several days.
const hour = { hour: "2-digit", minute: "2-digit" };
const clocks = {
  time: new Intl.DateTimeFormat("en-GB", hour),
  day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...hour }),
};
const known = new WeakMap();
let ahead = 0; // how far the server's clock is ahead of the reader's

// The same words as the server's (srhooks/web/filters.py).
function ago(ms) {
  const gone = Date.now() + ahead - ms;
  if (gone < -MINUTE) return day.format(ms);
  if (gone < 2 * SECOND) return "just now";
  if (gone < MINUTE) return `${Math.floor(gone / SECOND)} s ago`;
  if (gone < HOUR) return `${Math.floor(gone / MINUTE)} min ago`;
  if (gone < DAY) return `${Math.floor(gone / HOUR)} h ago`;
  if (gone < 7 * DAY) return `${Math.floor(gone / DAY)} d ago`;
  return day.format(ms);
}

function refresh() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[datetime]")) {
    let seen = known.get(time);
    if (seen?.from !== time.dateTime) {
      seen = { from: time.dateTime, ms: Date.parse(time.dateTime) };
      known.set(time, seen);
    }
    if (Number.isNaN(seen.ms)) continue;
    const isExact = time.classList.contains("exact");
    const clock = clocks[time.dataset.clock];
    const text = clock ? clock.format(seen.ms) : isExact ? exact.format(seen.ms) : ago(seen.ms);
    if (time.textContent !== text) time.textContent = text;
    const title = isExact ? seen.from : exact.format(seen.ms);
    if (time.title !== title) time.title = title;
  }
}

// After many swaps in a row once is enough.
let planned = false;
function soon() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    refresh();
  });
}

export function startTime() {
  const stamp = Number(document.querySelector('meta[name="now"]')?.content);
  const difference = stamp - Date.now();
  // A page that a browser restored from its disk says nothing about the clock.
  if (Math.abs(difference) > 2 * SECOND && Math.abs(difference) < DAY) ahead = difference;
  refresh();
  setInterval(refresh, SECOND);
  on("visibilitychange", refresh);
  on("htmx:after:swap", soon);
}
