// Several events in the filter: one that is chosen beside the first becomes a chip, as on the page
// that is made without scripts.
import { element } from "./dom.js";

function addEvent({ target }) {
  if (!target.matches?.("#filters .another") || !target.value) return;
  const { form, value } = target;
  target.value = "";
  const chosen = [...form.querySelectorAll("[name=event]")];
  const chip = chosen.find((one) => one.type === "checkbox" && one.value === value);
  if (chip) chip.checked = true;
  else {
    const box = element("input", { type: "checkbox", name: "event", value, checked: "" });
    const text = value.endsWith(".") ? `${value}*` : value;
    form.querySelector(".no-script").before(element("label", { class: "chip" }, box, text));
  }
}

export function startEvents() {
  document.addEventListener("change", addEvent, true); // before the form is sent
}
