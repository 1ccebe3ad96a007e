// Buttons that copy what stands in another element, and say whether that worked.
import { announce, byId, on } from "./dom.js";

const BACK = 2000; // ms until the button says again what it does

export async function copyText(button, text) {
  const words = button.dataset.words ??= button.textContent;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    said = "The browser does not allow it";
  }
  button.textContent = said;
  announce(() => said);
  setTimeout(() => { button.textContent = words; }, BACK);
}

export function startCopy() {
  on("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copyText(button, byId(button.dataset.copy).textContent);
  });
}
