// How long an old signing key goes on counting.
import { say } from "./words.js";

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

function words(left) {
  if (left <= 0) return say("no_time_left");
  if (left < 2 * MINUTE) return say("seconds_left", { count: Math.ceil(left / SECOND) });
  const [hours, minutes] = [Math.floor(left / HOUR), Math.floor((left % HOUR) / MINUTE)];
  return say("hours_left", { hours, minutes });
}

function tick() {
  for (const span of document.querySelectorAll("[data-until]")) {
    const text = words(Number(span.dataset.until) - Date.now());
    if (span.textContent !== text) span.textContent = text;
  }
}

export function startCountdown() {
  if (!document.querySelector("[data-until]")) return;
  tick();
  setInterval(tick, SECOND);
}
