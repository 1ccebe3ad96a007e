// The list: each notification once, newest first, also when pushed twice or out of order.
import { announce, byId, copyOf, on } from "./dom.js";
import { say } from "./words.js";

const MAX_ROWS = 600; // of a page that stays open all day
const COUNT = /^\(\d+\) /;
const FLASH = 2400; // ms that a new row stands out
const recent = new Map(); // row id -> when it arrived
let touched = []; // ids of the rows that a swap brings or changes
let isWhole = false; // it brings the list as a whole
let seen = null; // ids above this one arrived after the last visit
const openedRows = new Set(); // which are no news any more
let unseen = 0;
let unspoken = 0;

function beforeSwap(event) {
  for (const task of event.detail.tasks ?? []) {
    if (task.target?.id === "list") isWhole = true;
    if (task.target?.parentElement?.id === "feed") touched.push(task.target.id);
    if (task.target?.id !== "feed") continue;
    if (task.swapSpec.style === "afterbegin") prepend(task.fragment);
    if (task.swapSpec.style === "beforeend") append(task.fragment);
  }
}

// A row that is there already is replaced: the pushed one is the truth.
function prepend(fragment) {
  for (const row of fragment.querySelectorAll("li[id]")) {
    const existing = byId(row.id);
    if (existing) {
      existing.remove();
      row.classList.remove("arrived");
    } else if (row.classList.contains("arrived")) {
      unseen += document.hidden ? 1 : 0;
      unspoken += 1;
      recent.set(row.id, Date.now());
      setTimeout(endFlash, FLASH);
      countTotal(1);
      countEvent(row);
    }
    touched.push(row.id);
  }
}

function append(fragment) {
  for (const row of fragment.querySelectorAll("li[id]")) {
    if (byId(row.id)) row.remove();
    else touched.push(row.id);
  }
}

function afterSwap() {
  const feed = byId("feed");
  if (isWhole && byId("list")) takeBlock(byId("list"));
  if (byId("total")?.dataset.counts) takeCounts(byId("total"));
  if (feed) {
    seen = feed.dataset.seen ?? seen;
    for (const id of touched) place(feed, byId(id));
    if (touched.length) trim(feed);
    mark(isWhole ? feed.children : touched.map(byId));
  }
  markOpened();
  if (touched.length || isWhole) countFound();
  touched = [];
  isWhole = false;
  if (unspoken) announce(speak);
  showCount();
}

// Ids are time-ordered, so their order as text is the order of the list.
function place(feed, row) {
  if (!row) return;
  let before = row.previousElementSibling; // older only where trim left a gap
  while (before && before.id < row.id) before = before.previousElementSibling;
  if (before !== row.previousElementSibling)
    return feed.insertBefore(row, before ? before.nextSibling : feed.firstChild);
  let next = row.nextElementSibling;
  while (next && next.id > row.id) next = next.nextElementSibling;
  if (next === row.nextElementSibling) return;
  if (!next && olderLink())
    row.remove(); // it comes with the older ones
  else feed.insertBefore(row, next);
}

// A pushed row does not know when the reader was here last, nor that it has just arrived: its next
// state would end the flash.
function mark(rows) {
  for (const row of rows) {
    if (!row) continue;
    if (row.hasAttribute("data-opened")) openedRows.add(row.id);
    if (seen) row.classList.toggle("fresh", row.id >= seen && !openedRows.has(row.id));
    if (recent.has(row.id)) row.classList.add("arrived");
  }
}

function markOpened() {
  const id = document.querySelector("#detail article")?.dataset.id;
  const row = id && byId(`n-${id}`);
  if (!row || openedRows.has(row.id)) return;
  openedRows.add(row.id);
  if (!row.classList.contains("fresh")) return;
  row.classList.remove("fresh");
  const left = byId("fresh");
  if (!left) return;
  const count = Math.max(0, Number(left.textContent.replaceAll(",", "")) - 1);
  left.textContent = count.toLocaleString("en-US");
}

function endFlash() {
  for (const [id, at] of recent) {
    if (Date.now() - at < FLASH) return;
    recent.delete(id);
    byId(id)?.classList.remove("arrived");
  }
}

const olderLink = () => byId("more")?.querySelector("a");

// The row that is open, and the one where the keyboard is, are in use: they stay.
function isInUse(row) {
  return (
    row.id === `n-${document.querySelector("#detail article")?.dataset.id}` ||
    row.contains(document.activeElement)
  );
}

// Not while rows are chosen: nobody would see which ones went.
function trim(feed) {
  if (feed.children.length <= MAX_ROWS || window.scrollY > window.innerHeight) return;
  if (feed.querySelector(".pick:checked")) return;
  const rows = [...feed.children];
  for (const row of rows.slice(MAX_ROWS / 2)) if (!isInUse(row)) row.remove();
  const url = new URL(olderLink()?.href ?? location.href);
  url.pathname = "/notifications";
  url.searchParams.set("before", rows[MAX_ROWS / 2 - 1].id.slice(2));
  const address = url.pathname + url.search;
  const link = copyOf("older-link");
  for (const name of ["href", "hx-get"]) link.setAttribute(name, address);
  byId("more")?.replaceChildren(link);
  window.htmx?.process(link);
}

function countTotal(more) {
  const total = byId("total");
  if (!total || location.search) return;
  total.dataset.value = String(Number(total.dataset.value) + more);
  total.textContent = Number(total.dataset.value).toLocaleString("en-US");
}

// What a filter found, which a list that came as a whole is asked for.
function countFound() {
  const found = byId("found");
  if (!found) return;
  const count = byId("feed").children.length;
  const words = olderLink() ? "found_more" : count === 1 ? "found_one" : "found";
  found.textContent = count ? say(words, { count }) : "";
  if (!isWhole) return;
  unspoken = 0;
  announce(() => found.textContent || say("found_none"));
}

// On the pane that shows when nothing is open, and on the one kept for later.
function counters(filter) {
  const roots = [document, byId("no-detail")?.content];
  return roots.flatMap((root) => [...(root?.querySelectorAll(filter) ?? [])]);
}

function countEvent(row) {
  const name = row.querySelector(".event")?.textContent;
  for (const counter of counters(`[data-count="${CSS.escape(name ?? "")}"]`)) {
    show(counter, Number(counter.textContent.replaceAll(",", "")) + 1);
  }
}

// A list that comes as a whole brings the counts of its filter with it.
function takeBlock(list) {
  const fresh = list.querySelector("template.by-event-now");
  if (!fresh) return;
  for (const block of counters(".by-event")) block.replaceChildren(fresh.content.cloneNode(true));
  window.htmx?.process(document.querySelector(".by-event") ?? list);
}

// With what was deleted, the server says how much of each event is left, of everything.
function takeCounts(total) {
  const counts = JSON.parse(total.dataset.counts);
  delete total.dataset.counts;
  if (document.querySelector(".by-event .counts")?.dataset.key !== total.dataset.key) return;
  for (const counter of counters("[data-count]")) show(counter, counts[counter.dataset.count] ?? 0);
}

// All bars of a block share one scale: what is longest now is the whole width.
function show(counter, value) {
  counter.textContent = value.toLocaleString("en-US");
  const meters = [...counter.closest("ul").querySelectorAll("meter")];
  const counted = (meter) => Number(meter.nextElementSibling.textContent.replaceAll(",", ""));
  const most = Math.max(1, ...meters.map(counted));
  for (const meter of meters) [meter.max, meter.value] = [most, counted(meter)];
}

function speak() {
  const count = unspoken;
  unspoken = 0;
  return say(count === 1 ? "one_new" : "new", { count });
}

function showCount() {
  if (!document.hidden) unseen = 0;
  const title = document.title.replace(COUNT, "");
  const wanted = unseen ? `(${unseen}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
}

export function startFeed() {
  seen = byId("feed")?.dataset.seen ?? null;
  mark(byId("feed")?.children ?? []);
  on("htmx:before:swap", beforeSwap);
  on("htmx:after:swap", afterSwap);
  on("visibilitychange", showCount);
}
