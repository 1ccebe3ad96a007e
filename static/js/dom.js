// Small helpers. Text from outside only ever becomes text, never markup.

/** @type {(id: string) => any} an element, or null */
export const byId = (id) => document.getElementById(id);

/** @type {(name: string, handler: (event: any) => void) => void} */
export const on = (name, handler) => document.addEventListener(name, handler);

/**
 * For what a script does to the elements of a page: at once, and when Back brought another page.
 * @param {() => void} prepare
 */
export function onPage(prepare) {
  prepare();
  on("htmx:after:swap", (event) => {
    if (event.detail.ctx.target === document.body) prepare();
  });
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children texts stay texts
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A copy of what a template of the page holds.
 * @param {string} id of the template
 */
export const copyOf = (id) => byId(id).content.firstElementChild.cloneNode(true);

/**
 * What went wrong, with a button that takes it away.
 * @param {string} strong
 * @param {string} text
 */
export function note(strong, text) {
  const made = copyOf("note-bad");
  made.querySelector("[data-what]").textContent = strong;
  made.querySelector("[data-text]").textContent = text;
  return made;
}

// Screen readers are told politely, and not more often than every five seconds: then the newest.
const PAUSE = 5000;
const GATHER = 700; // ms, so that what comes together is told together
let waiting = null;
let newest = null;
let last = 0;

/** @param {() => string} say is asked when the time has come */
export function announce(say) {
  newest = say;
  if (waiting) return;
  waiting = setTimeout(
    () => {
      waiting = null;
      last = Date.now();
      const announcer = byId("announcer");
      if (announcer) announcer.textContent = newest();
    },
    Math.max(GATHER, last + PAUSE - Date.now()),
  );
}
