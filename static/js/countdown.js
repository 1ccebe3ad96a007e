// How long an old signing key goes on counting.
const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

function words(left) {
  if (left <= 0) return "no time";
  if (left < 2 * MINUTE) return `${Math.ceil(left / SECOND)} s`;
  return `${Math.floor(left / HOUR)} h ${Math.floor((left % HOUR) / MINUTE)} min`;
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
