// Buttons that copy what stands in another element, and say whether that worked.
import { announce, byId, on } from "./dom.js";
import { say } from "./words.js";

const BACK = 2000; // ms until the button says again what it does

/**
 * The text of an element as it came in: what a page cannot show as it is stands beside it, as JSON.
 * @param {HTMLElement} shown
 * @returns {string}
 */
export function exactText(shown) {
  return shown.dataset.exact === undefined ? shown.textContent : JSON.parse(shown.dataset.exact);
}

export async function copyText(button, text) {
  button.dataset.words ??= button.textContent;
  let said = say("copied");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    said = say("copy_refused");
  }
  button.textContent = said;
  announce(() => said);
  setTimeout(() => {
    button.textContent = button.dataset.words;
  }, BACK);
}

export function startCopy() {
  on("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copyText(button, exactText(byId(button.dataset.copy)));
  });
}
