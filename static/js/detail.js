// The detail beside the list: which row is open, and its state as it changes.
import { byId, element, note, on, onPage } from "./dom.js";
import { readFrame } from "./frame.js";
import { say } from "./words.js";

const ADDRESS = /^\/notifications\/([0-9a-z]{13})$/;
let place = null; // of the row that was followed last: its id, and how far down it stood on the screen
let timer = null;

const open = () => document.querySelector("#detail article[data-id]");

const isAlone = () => !byId("list")?.offsetParent; // narrow: the list gave way to the detail

function markCurrent() {
  const row = open() && byId(`n-${open().dataset.id}`)?.querySelector("a");
  for (const link of document.querySelectorAll("#feed a[aria-current]")) {
    if (link !== row) link.removeAttribute("aria-current");
  }
  if (row && !row.hasAttribute("aria-current")) row.setAttribute("aria-current", "true");
}

// When the open one changed, or the first newer one arrived, ask for it anew: the place where a
// person reads, and what is unfolded, stay as they are.
function follow(event) {
  const text = event.detail.message?.data;
  const article = open();
  if (typeof text !== "string" || !article) return;
  const { rows } = readFrame(text);
  const shown = `n-${article.dataset.id}`;
  if (rows.some((row) => row.id === shown && row.isDeleted)) return gone(article);
  const isNewest = !article.querySelector('a[rel="prev"]');
  if (!rows.some((row) => row.id === shown || (isNewest && row.id > shown))) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (open() !== article) return;
    window.htmx.ajax("GET", article.dataset.url, { target: "#detail", swap: "innerMorph" });
  }, 150);
}

function opened(event) {
  const { ctx } = event.detail;
  markCurrent();
  if (ctx.target?.id !== "detail" || ctx.swap !== "innerHTML") return;
  byId("detail").scrollTop = 0;
  const isNeighbour = !ctx.sourceElement?.closest?.("#feed");
  const byKeyboard = ctx.sourceEvent?.detail === 0; // for that it is behind all the rows
  if (isAlone()) window.scrollTo(0, 0);
  if (isAlone() || isNeighbour || byKeyboard)
    open()?.querySelector("h2")?.focus({ preventScroll: true });
}

// What a link leads to stands below all the links.
function followed(event) {
  event.detail.ctx.target?.closest?.(".followed")?.scrollIntoView({ block: "nearest" });
}

function keepEmpty() {
  if (byId("no-detail") || !byId("detail") || open()) return;
  const kept = element("template", { id: "no-detail" });
  kept.content.append(...[...byId("detail").childNodes].map((node) => node.cloneNode(true)));
  byId("main").append(kept);
}

function close() {
  window.htmx.trigger(document.body, "htmx:abort"); // a state asked for by `follow` would open it again
  byId("detail").replaceChildren(byId("no-detail").content.cloneNode(true));
  document.title = byId("detail").dataset.title;
  markCurrent();
}

// Somebody deleted the open one, in another tab perhaps. Its neighbour takes its place, and the
// keyboard if that was in there.
function gone(article) {
  const title = article.querySelector("h2").textContent;
  const wasInside = article.contains(document.activeElement);
  const beside = article.querySelector('a[rel="next"]') ?? article.querySelector('a[rel="prev"]');
  const row = beside && byId(`n-${beside.pathname.split("/").pop()}`);
  if (row && place?.id === `n-${article.dataset.id}`) place.id = row.id;
  history.replaceState({ htmx: true }, "", article.querySelector("a.back").getAttribute("href"));
  leave();
  if (wasInside) (row?.querySelector("a") ?? byId("main")).focus({ preventScroll: true });
  byId("messages").replaceChildren(note(say("was_deleted"), title));
}

const rowOf = (article) => byId(`n-${article?.dataset.id}`);

const standing = (row) => row && { id: row.id, top: row.getBoundingClientRect().top };

function remember(event) {
  const row = event.detail.ctx.sourceElement?.closest?.("#feed > li");
  if (row && !isAlone()) place = standing(row);
}

// Closes the detail; the list is at the place where it was, whatever has arrived above it. What it
// returns does the latter once more.
function leave() {
  const alone = isAlone();
  const row = rowOf(open());
  const held = alone ? place : standing(row);
  close();
  const settle = () => {
    const stood = held && byId(held.id);
    if (stood) window.scrollBy(0, stood.getBoundingClientRect().top - held.top);
    if (alone) row?.scrollIntoView({ block: "nearest" }); // another one may have been opened since
    row?.querySelector("a").focus({ preventScroll: true });
  };
  settle();
  return settle;
}

// "Back to the list" on a narrow screen: the list is still here.
function back(event) {
  const link = event.target.closest?.("a.back");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !byId("feed")?.children.length)
    return;
  event.preventDefault();
  history.pushState({ htmx: true }, "", link.getAttribute("href"));
  leave();
}

// A filter as text, in whatever order its fields are named.
function asked(query) {
  const fields = new URLSearchParams(query);
  fields.sort();
  return String(fields);
}

// The browser's Back and Forward within the list that is still here: at most the detail is fetched.
function returned(event) {
  const { path } = event.detail;
  const to = new URL(path, location.href);
  const [, id] = ADDRESS.exec(to.pathname) ?? [];
  const isList = to.pathname === "/notifications";
  const shown = byId("bulk")?.elements.back.value;
  if (!(id || isList) || !byId("feed")?.children.length || asked(shown) !== asked(to.search))
    return;
  event.preventDefault();
  if (id) {
    if (!isAlone()) place = standing(byId(`n-${id}`));
    return window.htmx.ajax("GET", path, { target: "#detail", swap: "innerHTML" });
  }
  const settle = leave();
  // When htmx has let go the browser scrolls to the old number of pixels, and the focus is nowhere.
  window.navigation?.addEventListener("navigatesuccess", settle, { once: true });
}

export function startDetail() {
  onPage(keepEmpty);
  markCurrent();
  on("htmx:before:request", remember);
  on("htmx:after:swap", opened);
  on("htmx:after:swap", followed);
  on("htmx:ws:after:message:incoming", follow);
  on("htmx:before:history:restore", returned);
  on("click", back);
}
