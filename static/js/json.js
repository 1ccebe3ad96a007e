// Blocks of JSON: search, copy, fold. Without this they unfold by hand, and browsers search them.
import { copyText, exactText } from "./copy.js";
import { on } from "./dom.js";
import { say } from "./words.js";

const MOST = 1000; // matches that are marked
const marked = new Map(); // block -> { ranges, at, unfolded }

const treeOf = (block) => block.querySelector(".json");

// The text is one value a line; the indentation is made by the style.
function copyable(tree) {
  if (!tree.classList.contains("tree")) return exactText(tree);
  let depth = 0;
  return tree.textContent
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (/^[\]}]/.test(line)) depth -= 1;
      const indented = "  ".repeat(depth) + line;
      if (/[[{]$/.test(line)) depth += 1;
      return indented;
    })
    .join("\n");
}

function fold(button) {
  const folds = [...treeOf(button.closest(".json-block")).querySelectorAll("details details")];
  const open = folds.some((one) => !one.open);
  for (const one of folds) one.open = open;
  button.textContent = say(open ? "fold" : "unfold");
}

function textNodes(tree) {
  const walker = document.createTreeWalker(tree, NodeFilter.SHOW_TEXT);
  const found = [];
  let end = 0;
  while (walker.nextNode()) {
    const from = end;
    end += walker.currentNode.length;
    found.push({ node: walker.currentNode, from, to: end });
  }
  return found;
}

// Every character is plain, letter case aside; a match may span keys, values and what is between.
function find(tree, needle) {
  const pattern = new RegExp(needle.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "giu");
  const nodes = textNodes(tree);
  const ranges = [];
  let place = 0;
  for (const match of tree.textContent.matchAll(pattern)) {
    const end = match.index + match[0].length;
    while (nodes[place].to <= match.index) place += 1;
    let last = place;
    while (nodes[last].to < end) last += 1;
    const range = document.createRange();
    range.setStart(nodes[place].node, match.index - nodes[place].from);
    range.setEnd(nodes[last].node, end - nodes[last].from);
    ranges.push(range);
    if (ranges.length === MOST) break;
  }
  return ranges;
}

// Marked by ranges, not by elements: the markup stays as it came, and may be morphed.
function paint() {
  for (const block of marked.keys()) if (!block.isConnected) marked.delete(block);
  if (!CSS.highlights) return;
  const all = [...marked.values()];
  CSS.highlights.set("json-found", new Highlight(...all.flatMap((one) => one.ranges)));
  CSS.highlights.set(
    "json-current",
    new Highlight(...all.flatMap((one) => one.ranges[one.at] ?? [])),
  );
}

function search(block, needle) {
  for (const one of marked.get(block)?.unfolded ?? []) one.open = false;
  const ranges = needle ? find(treeOf(block), needle) : [];
  const unfolded = new Set();
  for (const range of ranges) {
    let one = range.startContainer.parentElement.closest("details:not([open])");
    for (; one; one = one.parentElement.closest("details:not([open])")) {
      one.open = true;
      unfolded.add(one);
    }
  }
  marked.set(block, { ranges, at: 0, unfolded });
  show(block, needle);
}

function show(block, needle) {
  const { ranges, at } = marked.get(block);
  const count = ranges.length === MOST ? `${MOST}+` : ranges.length;
  block.querySelector("[data-json-found]").textContent = !needle
    ? ""
    : ranges.length
      ? say("found_at", { number: at + 1, count })
      : say("found_none");
  paint();
  if (ranges[at]) reveal(treeOf(block), ranges[at]);
}

function reveal(tree, range) {
  const [box, frame] = [range.getBoundingClientRect(), tree.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom)
    tree.scrollTop += box.top - frame.top - frame.height / 3;
  tree.scrollIntoView({ block: "nearest" });
}

function step(event) {
  const input = event.target.closest?.("[data-json-search]");
  if (!input || event.key !== "Enter") return;
  event.preventDefault();
  const block = input.closest(".json-block");
  const found = marked.get(block);
  if (!found?.ranges.length) return;
  found.at = (found.at + (event.shiftKey ? -1 : 1) + found.ranges.length) % found.ranges.length;
  show(block, input.value);
}

// After a swap the text may be another one: what was searched for is searched for anew.
function again() {
  for (const [block, { ranges }] of marked) {
    const input = block.querySelector("[data-json-search]");
    if (block.isConnected && input.value && ranges.some((one) => one.collapsed))
      search(block, input.value);
  }
  paint();
}

export function startJson() {
  on("click", (event) => {
    const button = event.target.closest?.("[data-json-copy], [data-json-fold]");
    if (!button) return;
    if (button.matches("[data-json-fold]")) fold(button);
    else copyText(button, copyable(treeOf(button.closest(".json-block"))));
  });
  on("input", (event) => {
    const input = event.target.closest?.("[data-json-search]");
    if (input) search(input.closest(".json-block"), input.value);
  });
  on("keydown", step);
  on("htmx:after:swap", () => {
    if (marked.size) again();
  });
}
