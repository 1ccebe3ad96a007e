// Choosing events: find one by its name or what it sends, take or leave a whole family.
import { on } from "./dom.js";
import { say } from "./words.js";

const boxes = (fieldset) => [...fieldset.querySelectorAll('input[name="events"]')];

function mark(fieldset) {
  const all = fieldset.querySelector('input[name="families"]');
  const checked = boxes(fieldset).filter((box) => box.checked).length;
  all.checked = checked > 0 && checked === boxes(fieldset).length;
  all.indeterminate = checked > 0 && !all.checked;
}

// What is chosen and does not fit is hidden, and sent all the same.
function tell() {
  const every = [...document.querySelectorAll(".picker fieldset")].flatMap(boxes);
  const chosen = every.filter((box) => box.checked).length;
  const shown = every.filter((box) => !box.closest("label").hidden).length;
  const words = [];
  if (!shown) words.push(say("no_event"));
  if (chosen) words.push(say("selected", { count: chosen }));
  if (shown && shown < every.length) words.push(say("events_shown", { count: shown }));
  document.querySelector(".picked").textContent = words.join(", ");
}

function changed(event) {
  const fieldset = event.target.closest?.(".picker fieldset");
  if (!fieldset) return;
  if (event.target.name === "families") {
    for (const box of boxes(fieldset)) box.checked = event.target.checked;
  }
  mark(fieldset);
  tell();
}

// By the name, its family and the sentence about it. What only the sentence holds is shown with it,
// so that a person sees why it fits.
function find(event) {
  const words = event.target.value
    .toLowerCase()
    .split(/[\s.]+/)
    .filter(Boolean);
  const hold = (text) => words.every((word) => text.includes(word));
  for (const fieldset of document.querySelectorAll(".picker fieldset")) {
    const legend = fieldset.querySelector("legend").textContent.toLowerCase();
    let shown = 0;
    for (const box of boxes(fieldset)) {
      const label = box.closest("label");
      const sends = label.nextElementSibling;
      const name = `${legend} ${label.textContent}`.toLowerCase();
      const fits = hold(`${name} ${sends.textContent.toLowerCase()}`);
      label.hidden = sends.hidden = !fits;
      if (sends.nextElementSibling?.matches(".lacks")) sends.nextElementSibling.hidden = !fits;
      sends.classList.toggle("why", fits && words.length > 0 && !hold(name));
      shown += fits;
    }
    fieldset.hidden = shown === 0;
    fieldset.querySelector(".all").hidden = words.length > 0;
  }
  tell();
}

const markAll = () => document.querySelectorAll(".picker fieldset").forEach(mark);

export function startPicker() {
  const search = document.querySelector(".find-event");
  if (!search) return;
  search.hidden = false;
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  on("change", changed);
  on("reset", () =>
    setTimeout(() => {
      markAll();
      find({ target: search });
    }),
  );
  markAll();
  tell();
}
