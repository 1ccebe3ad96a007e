// How many incidents are open, in the tab's title and icon, whatever else changes the title.
import { byId, on } from "./dom.js";

const MARK = /^⚠\d+ /;
let shown = -1;

function count() {
  return Number(byId("incidents")?.dataset.open ?? 0);
}

function icon(open) {
  const text = open > 9 ? "9+" : String(open);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    '<rect width="32" height="32" rx="7" fill="#c62828"/>' +
    '<text x="16" y="24" font-family="sans-serif" font-size="22" font-weight="700" fill="#fff" text-anchor="middle">' +
    `${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function showTitle(open) {
  const plain = document.title.replace(MARK, "");
  const wanted = open ? `⚠${open} ${plain}` : plain;
  if (document.title !== wanted) document.title = wanted;
}

function showIcon(open) {
  if (open === shown) return;
  shown = open;
  const link = document.querySelector('link[rel="icon"]');
  link.href = open ? icon(open) : link.dataset.plain;
}

function sync() {
  const open = count();
  showTitle(open);
  showIcon(open);
}

export function startIncidents() {
  sync();
  // The line comes from the server; the title is changed by whatever page part is shown.
  on("htmx:after:swap", sync);
  new MutationObserver(sync).observe(document.querySelector("title"), { childList: true });
}
