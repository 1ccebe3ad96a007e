// Choosing events: find one by what it is called or sends, take or leave a whole family.
import { on } from "./dom.js";

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
  if (!shown) words.push("No event fits");
  if (chosen) words.push(`${chosen} chosen`);
  if (shown && shown < every.length) words.push(`${shown} shown`);
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

function find(event) {
  const words = event.target.value.trim().toLowerCase().split(/\s+/);
  for (const fieldset of document.querySelectorAll(".picker fieldset")) {
    let shown = 0;
    for (const box of boxes(fieldset)) {
      const label = box.closest("label");
      const text = `${box.value} ${label.title}`.toLowerCase();
      const fits = words.every((word) => text.includes(word));
      label.hidden = label.nextElementSibling.hidden = !fits;
      shown += fits;
    }
    fieldset.hidden = shown === 0;
    fieldset.querySelector(".all").hidden = words.join("") !== "";
  }
  tell();
}

const markAll = () => document.querySelectorAll(".picker fieldset").forEach(mark);

export function startPicker() {
  const search = document.querySelector(".find-event");
  if (!search) return;
  search.hidden = false;
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  on("change", changed);
  on("reset", () => setTimeout(() => { markAll(); find({ target: search }); }));
  markAll();
  tell();
}
