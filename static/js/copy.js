// Buttons that copy what stands in another element.
import { announce, byId, on } from "./dom.js";

const BACK = 2000; // ms until the button says again what it does

async function copy(event) {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const words = button.dataset.words ??= button.textContent;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
  } catch {
    said = "The browser does not allow it";
  }
  button.textContent = said;
  announce(() => said);
  setTimeout(() => { button.textContent = words; }, BACK);
}

export function startCopy() {
  document.documentElement.classList.add("has-script");
  on("click", copy);
}
