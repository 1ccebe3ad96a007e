// Choosing several rows: how many, ranges with Shift, and the choice stays while rows change.
import { byId, on } from "./dom.js";
import { ask } from "./question.js";
import { say } from "./words.js";

const chosen = new Set();
let last = null;

const boxes = () => [...document.querySelectorAll("#feed .pick")];

function show() {
  const count = document.querySelector("#bulk .count");
  if (count) count.textContent = chosen.size ? say("selected", { count: chosen.size }) : "";
  const all = byId("pick-all");
  if (!all) return;
  all.checked = chosen.size > 0 && chosen.size === boxes().length;
  all.indeterminate = chosen.size > 0 && !all.checked;
}

function choose(list, checked) {
  for (const one of list) {
    one.checked = checked;
    if (checked) chosen.add(one.value);
    else chosen.delete(one.value);
  }
  show();
}

function changed(event) {
  const box = event.target;
  if (box.id === "pick-all") return choose(boxes(), box.checked);
  if (!box.classList?.contains("pick")) return;
  choose(event.shifted ?? [box], box.checked);
  last = box;
}

// With Shift, all from the one chosen before to this one.
function clicked(event) {
  const box = event.target;
  if (!event.shiftKey || !box.classList?.contains("pick") || !last?.isConnected) return;
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  changed({ target: box, shifted: all.slice(from, to + 1) });
}

// Rows come and go; those that are no longer listed are no longer chosen.
function keep() {
  const all = boxes();
  const listed = new Set(all.map((box) => box.value));
  for (const id of chosen) if (!listed.has(id)) chosen.delete(id);
  for (const box of all)
    if (box.checked !== chosen.has(box.value)) box.checked = chosen.has(box.value);
  show();
}

async function sent(event) {
  const button = event.submitter;
  if (!button?.matches("#bulk .danger, #detail .danger") || button.name === "confirm") return;
  event.preventDefault();
  const isMany = button.closest("#bulk") && chosen.size > 1;
  const question = say(isMany ? "delete_many" : "delete_one", { count: chosen.size });
  const form = event.target;
  if (!(await ask(question, say("delete_what"), say("delete_yes"))) || !button.isConnected) return;
  [button.name, button.value] = ["confirm", "yes"];
  form.requestSubmit(button);
  button.removeAttribute("name");
}

export function startSelect() {
  if (!byId("bulk")) return;
  for (const box of boxes()) if (box.checked) chosen.add(box.value); // ticked before scripts were here
  show();
  on("change", changed);
  on("click", clicked);
  on("submit", sent);
  on("htmx:after:swap", keep);
}
