// Forms: short addresses, a fresh form after success, and words when something fails.
import { announce, byId, element, note, on } from "./dom.js";

// `?q=&event=` becomes nothing. Dates that were chosen are marked: no style can tell that they are.
function leaveOutBlanks(event) {
  const { sourceElement, request } = event.detail.ctx;
  if (sourceElement?.id !== "filters") return;
  const dates = [...sourceElement.querySelectorAll(".between input")];
  sourceElement.classList.toggle("dated", dates.some((date) => date.value));
  for (const [name, value] of [...request.body]) {
    if (value === "") request.body.delete(name);
  }
}

function answered(event) {
  const { ctx } = event.detail;
  const isError = ctx.response.status >= 400;
  if (!isError) for (const id of ["messages", "new-message"]) byId(id)?.replaceChildren();
  if (isError || ctx.sourceElement?.id !== "new-form") return;
  ctx.sourceElement.reset();
  byId("main")?.scrollIntoView();
  announce(() => "The subscription was created.");
}

function failed(event) {
  if (!event.detail.ctx || event.detail.ctx.response) return; // not a request, or it was answered
  complain("The server cannot be reached.", "Nothing was changed. Try again in a moment.");
}

function complain(strong, text) {
  const dismiss = element("button", { class: "quiet end", type: "button", "data-dismiss": "" }, "Dismiss");
  byId("messages")?.replaceChildren(note(strong, text, dismiss));
  showMessages();
}

// What is wrong with a form stands beside its button, where the eyes are.
function besideForm(form) {
  const [messages, beside] = [byId("messages"), byId("new-message")];
  if (form?.id !== "new-form" || !beside) return;
  beside.replaceChildren(...messages.childNodes);
  beside.scrollIntoView({ block: "nearest" });
}

// The dates are laid over the list: they close when something else is clicked, or with Escape.
function closeDates(event) {
  const dates = document.querySelector(".between[open]");
  if (!dates || (event.key ? event.key !== "Escape" : dates.contains(event.target))) return;
  if (event.key) dates.querySelector("summary").focus();
  dates.open = false;
}

function showMessages() {
  const messages = byId("messages");
  if (messages?.children.length) messages.scrollIntoView({ block: "nearest" });
}

export function startForms() {
  on("htmx:config:request", leaveOutBlanks);
  on("htmx:after:request", answered);
  on("htmx:error", failed);
  on("htmx:after:swap", (event) => {
    const { target, sourceElement } = event.detail.ctx;
    if (target?.id !== "messages" && target !== "#messages") return;
    besideForm(sourceElement);
    showMessages();
  });
  on("click", (event) => event.target.closest?.("[data-dismiss]")?.closest(".note")?.remove());
  on("click", closeDates);
  on("keydown", closeDates);
}
