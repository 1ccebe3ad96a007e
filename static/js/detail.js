// The detail beside the list: which row is open, and its state as it changes.
import { byId, element, note, on, onPage } from "./dom.js";

const ROW_ID = /<li id="n-([0-9a-z]{13})"/g; // quotes in texts are escaped: only real rows match
const DELETED = /<li id="n-([0-9a-z]{13})" data-deleted/g;
let scrolled = 0;
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
  if ([...text.matchAll(DELETED)].some((match) => match[1] === article.dataset.id)) return gone(article);
  const ids = [...text.matchAll(ROW_ID)].map((match) => match[1]);
  const isNewest = !article.querySelector('a[rel="prev"]');
  if (!ids.some((id) => id === article.dataset.id || (isNewest && id > article.dataset.id))) return;
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
  if (isAlone()) window.scrollTo(0, 0);
  if (isAlone() || isNeighbour) open()?.querySelector("h2")?.focus({ preventScroll: true });
}

function keepEmpty() {
  if (byId("no-detail") || !byId("detail") || open()) return;
  const kept = element("template", { id: "no-detail" });
  kept.content.append(...[...byId("detail").childNodes].map((node) => node.cloneNode(true)));
  byId("main").append(kept);
}

function close() {
  byId("detail").replaceChildren(byId("no-detail").content.cloneNode(true));
  document.title = byId("detail").dataset.title;
  markCurrent();
}

// Somebody deleted the open one, in another tab perhaps.
function gone(article) {
  const title = article.querySelector("h2").textContent;
  history.replaceState({ htmx: true }, "", article.querySelector("a.back").getAttribute("href"));
  close();
  const dismiss = element("button", { class: "quiet end", type: "button", "data-dismiss": "" }, "Dismiss");
  byId("messages").replaceChildren(note("It was deleted:", title, dismiss));
}

// "Back to the list" on a narrow screen: the list is still here, at the place where it was.
function back(event) {
  const link = event.target.closest?.("a.back");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !byId("feed")?.children.length) return;
  event.preventDefault();
  const row = byId(`n-${open()?.dataset.id}`)?.querySelector("a");
  history.pushState({ htmx: true }, "", link.getAttribute("href"));
  close();
  window.scrollTo(0, scrolled);
  row?.focus({ preventScroll: true });
}

export function startDetail() {
  onPage(keepEmpty);
  markCurrent();
  on("htmx:before:request", () => { if (!isAlone()) scrolled = window.scrollY; });
  on("htmx:after:swap", opened);
  on("htmx:ws:after:message:incoming", follow);
  on("click", back);
}
