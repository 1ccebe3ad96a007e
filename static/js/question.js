// Questions before something is done for good. They have a page of their own for whoever has no
// scripts (templates/confirm.html); here nothing of the page is lost by "no".
import { byId } from "./dom.js";

const agreed = new WeakSet(); // forms that are sent after a "yes"

/**
 * @param {string} title
 * @param {string} text what follows from "yes"
 * @param {string} yes on the button
 * @returns {Promise<boolean>}
 */
export function ask(title, text, yes) {
  const dialog = byId("question");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Ask before the form is sent; in the capture phase, so that nothing else has begun to send it. */
async function asked(event) {
  const { target: form, submitter } = event;
  if (!form.dataset.ask || agreed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(form.dataset.ask, form.dataset.askText, form.dataset.askYes))) return;
  if (!form.isConnected) return;
  agreed.add(form);
  form.requestSubmit(submitter?.isConnected ? submitter : null);
  agreed.delete(form);
}

export function startQuestions() {
  document.addEventListener("submit", asked, true);
}
