// Relative times that stay true, and exact ones in the reader's own time zone.
import { on } from "./dom.js";
import { say } from "./words.js";

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
});
// Moments on an axis, of the day or of several days; days; values.
const hour = { hour: "2-digit", minute: "2-digit" };
const withYear = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  ...hour,
});
const clocks = {
  time: new Intl.DateTimeFormat("en-GB", hour),
  day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...hour }),
  date: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" }),
  value: withYear, // of a record: it stays to be seen as it is
};
const dayAndTime = (ms) =>
  (new Date(ms).getFullYear() === new Date().getFullYear() ? clocks.day : withYear).format(ms);
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = new WeakMap();
let ahead = 0; // how far the server's clock is ahead of the reader's

// With the same limits as the server's (srhooks/web/presentation/template_filters.py).
function ago(ms) {
  const gone = Date.now() + ahead - ms;
  if (gone < -MINUTE) return dayAndTime(ms);
  if (gone < 2 * SECOND) return say("just_now");
  if (gone < MINUTE) return say("seconds_ago", { count: Math.floor(gone / SECOND) });
  if (gone < HOUR) return say("minutes_ago", { count: Math.floor(gone / MINUTE) });
  const isToday = new Date(ms).getDate() === new Date(Date.now() + ahead).getDate();
  if (gone < DAY && isToday) return say("hours_ago", { count: Math.floor(gone / HOUR) });
  return dayAndTime(ms);
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
    const title = isExact || clock === clocks.value ? seen.from : exact.format(seen.ms);
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

// The server is told the zone, for pages that are made before scripts run. Dates that were chosen
// stay in the zone that stands beside them.
function tellZone() {
  if (!zone) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on plain http
  document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  const form = document.getElementById("filters");
  const dates = [...(form?.querySelectorAll(".between input[type=datetime-local]") ?? [])];
  const isChosen = dates.some((date) => date.value);
  for (const shown of document.querySelectorAll("[data-zone]")) {
    if (!isChosen || !form.contains(shown)) shown.textContent = zone;
  }
  const told = form?.querySelector("[name=zone]");
  if (told && !isChosen) told.value = zone;
}

export function startTime() {
  tellZone();
  const stamp = Number(document.querySelector('meta[name="now"]')?.content);
  const difference = stamp - Date.now();
  // A page that a browser restored from its disk says nothing about the clock.
  if (Math.abs(difference) > 2 * SECOND && Math.abs(difference) < DAY) ahead = difference;
  refresh();
  setInterval(refresh, SECOND);
  on("visibilitychange", refresh);
  on("htmx:after:swap", soon);
}
