// The keyboard: single keys that can be switched off (WCAG 2.1.4), and a help that lists them.
import { byId, on, onPage } from "./dom.js";

const PLACES = { n: "/notifications", o: "/overview", s: "/subscriptions" };
const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PATIENCE = 1500; // ms between g and the letter after it
const OFF = "srhooks.keys.off";
let sinceG = -Infinity;

const rows = () => [...document.querySelectorAll("#feed > li > a")];

// The row that has the focus, else the one that is open.
const current = () =>
  document.activeElement?.closest?.("#feed > li")?.querySelector(":scope > a") ??
  document.querySelector("#feed a[aria-current]");

function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : -1) : at + step;
  const row = all[next];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

const click = (selector) => document.querySelector(selector)?.click();

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => current()?.click(),
  x: () => current()?.parentElement.querySelector(".pick")?.click(),
  u: () => click("#detail a.back"),
  "[": () => click('#detail a[rel="prev"]'),
  "]": () => click('#detail a[rel="next"]'),
  p: () => click("#pause:not([hidden])"),
  "/": () => {
    const search = byId("q") ?? document.querySelector('main input[type="search"]:not([hidden])');
    search?.focus();
    search?.select();
  },
  "?": () => byId("keys")?.showModal(),
};

const isOff = () => {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
};

function remember(event) {
  try {
    if (event.target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  } catch {
    /* a browser that keeps nothing: the keys stay on */
  }
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return;
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.(TYPED);
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || isOff()) return;
  const afterG = event.timeStamp - sinceG < PATIENCE;
  sinceG = event.key === "g" ? event.timeStamp : -Infinity;
  const place = afterG ? PLACES[event.key] : undefined;
  const act = place ? () => location.assign(place) : ACTIONS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

export function startKeys() {
  if (!byId("keys")) return;
  onPage(() => {
    byId("keys-on").checked = !isOff();
    for (const button of document.querySelectorAll("[data-keys]")) button.hidden = false;
  });
  on("click", (event) => {
    if (event.target.closest?.("[data-keys]")) ACTIONS["?"]();
  });
  on("change", (event) => {
    if (event.target.id === "keys-on") remember(event);
  });
  on("keydown", pressed);
}
