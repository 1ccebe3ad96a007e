// Forms: short addresses, a fresh form after success, and words when something fails.
import { announce, byId, note, on } from "./dom.js";
import { say } from "./words.js";

const cards = () => [...document.querySelectorAll("#subscriptions .card")];
const focused = new WeakMap(); // request -> where the focus was
let catchUp = null; // what makes the page true again once the server is back

// `?q=&event=` becomes nothing. Dates that were chosen are marked: no style can tell that they are.
function leaveOutBlanks(event) {
  const { sourceElement, request } = event.detail.ctx;
  if (sourceElement?.id !== "filters") return;
  const dates = [...sourceElement.querySelectorAll(".between input[type=datetime-local]")];
  sourceElement.classList.toggle(
    "dated",
    dates.some((date) => date.value),
  );
  const filled = [...request.body].filter(([, value]) => value !== "");
  for (const name of new Set(request.body.keys())) request.body.delete(name);
  for (const [name, value] of filled) request.body.append(name, value);
  if (!dates.some((date) => date.value)) request.body.delete("zone");
}

function answered(event) {
  const { ctx } = event.detail;
  const isError = ctx.response.status >= 400;
  if (!isError) forgetMessages();
  if (ctx.sourceElement?.id === "filters") catchUp = null;
  back();
  if (isError || ctx.request.method !== "POST") return;
  const { done } = ctx.sourceElement.dataset;
  if (done) announce(() => say(done));
  if (ctx.sourceElement.id === "new-form") ctx.sourceElement.reset();
}

// What was said about the try before is not about this one.
function started(event) {
  if (event.detail.ctx.sourceElement.matches("form[hx-disable]")) forgetMessages();
}

function forgetMessages() {
  for (const id of ["messages", "new-message"]) byId(id)?.replaceChildren();
}

// A button that is disabled while its answer is awaited loses the focus. What is there before:
function noteFocus(event) {
  const { ctx } = event.detail;
  const form = ctx.sourceElement;
  if (!form.matches("form[hx-disable]")) return;
  const button = form.contains(document.activeElement) ? document.activeElement : null;
  const at = cards().indexOf(form.closest(".card"));
  focused.set(ctx, { button, at, ids: new Set(cards().map((card) => card.id)) });
}

// It goes back to the button, else to the card, which may have gone, too: then to its neighbour.
function giveFocus(event) {
  const { ctx } = event.detail;
  if (!focused.has(ctx)) return;
  const { button, at, ids } = focused.get(ctx);
  const made = ctx.sourceElement.id === "new-form" && cards().find((card) => !ids.has(card.id));
  const isLost = button && [document.body, null, button].includes(document.activeElement);
  if (!made && !isLost) return;
  if (!made && button.isConnected) return button.focus({ preventScroll: true });
  const card = made || (cards()[at] ?? cards().at(-1));
  card?.scrollIntoView({ block: "nearest" });
  (card?.querySelector("h2") ?? byId("main")).focus({ preventScroll: true });
}

function failed(event) {
  const { ctx } = event.detail;
  if (!ctx || ctx.response) return; // not a request, or it was answered
  const { sourceElement: source, request } = ctx;
  if (source?.id === "filters") catchUp = () => source.requestSubmit();
  else if (request.method !== "GET")
    catchUp = () =>
      window.htmx.ajax("GET", "/subscriptions", { target: "#subscriptions", swap: "outerMorph" });
  // What was sent to create, activate or delete may have come through; the answer did not.
  const text = say(request.method === "GET" ? "nothing_changed" : "perhaps_done");
  complain(source, say("unreachable"), text);
}

// Beside the form that was sent, where the eyes are.
function complain(source, strong, text) {
  reached();
  const said = note(strong, text);
  said.setAttribute("data-unreached", "");
  const form = source?.closest?.("form");
  if (form) said.setAttribute("role", "alert");
  if (form?.id === "new-form") byId("new-message").replaceChildren(said);
  // not `after`: fields are properties of their form, and one of the filters has that name
  else if (form) (form.closest(".row") ?? form).insertAdjacentElement("afterend", said);
  else byId("messages")?.replaceChildren(said);
  said.scrollIntoView({ block: "nearest" });
}

// It answers: what was said about it is no longer true.
function reached() {
  for (const said of document.querySelectorAll("[data-unreached]")) said.remove();
}

// It answers again: the list is made to fit the filter, or to show whether it was done.
function back() {
  reached();
  const now = catchUp;
  catchUp = null; // before the next answer
  now?.();
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

// Once they are closed: before, what is told would push the fields aside.
function tellDates(event) {
  if (!event.target.matches(".between") || event.target.open) return;
  const [from, until] = [...event.target.querySelectorAll("input")].map(({ value }) =>
    value.replace("T", " "),
  );
  byId("dates").textContent =
    (from && say("from_date", { date: from })) + (until && say("until_date", { date: until }));
}

function showMessages() {
  const messages = byId("messages");
  if (messages?.children.length) messages.scrollIntoView({ block: "nearest" });
}

export function startForms() {
  on("htmx:config:request", leaveOutBlanks);
  on("htmx:config:request", noteFocus);
  on("htmx:before:request", started);
  on("htmx:after:request", answered);
  on("htmx:finally:request", (event) => queueMicrotask(() => giveFocus(event))); // enabled again by then
  on("htmx:error", failed);
  on("htmx:ws:after:connection", back);
  on("htmx:after:swap", (event) => {
    const { target, sourceElement } = event.detail.ctx;
    if (target?.id !== "messages" && target !== "#messages") return;
    besideForm(sourceElement);
    showMessages();
  });
  on("click", (event) => event.target.closest?.("[data-dismiss]")?.closest(".note")?.remove());
  on("click", closeDates);
  on("keydown", closeDates);
  document.addEventListener("toggle", tellDates, true); // it does not bubble
}
