// An export with its progress, and a way to stop it. Without this the links are plain downloads.
import { byId, element, on } from "./dom.js";

const FLUSH = 8_000_000; // bytes after which chunks become a Blob, which a browser keeps on disk
// Lines that are no rows: the names of the columns, and how a HAR begins. Each row is a line of its own.
const HEAD = { csv: 1, ndjson: 0, har: 1 };
const [LINE_FEED, QUOTE] = [10, 34];

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// Counts rows in pieces that are cut anywhere. In CSV a line feed inside of quotes ends none.
export function rowCounter(format) {
  let lines = 0;
  let quoted = false;
  return (piece) => {
    for (const byte of piece) {
      if (byte === LINE_FEED && !quoted) lines += 1;
      else if (byte === QUOTE && format === "csv") quoted = !quoted;
    }
    return Math.max(0, lines - HEAD[format]);
  };
}

async function download(link, show, signal) {
  const format = new URL(link.href).searchParams.get("format");
  const answer = await fetch(link.href, { signal });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1];
  const count = rowCounter(format);
  const reader = answer.body.getReader();
  let [parts, chunks, held] = [[], [], 0];
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    chunks.push(piece.value);
    held += piece.value.length;
    if (held > FLUSH) {
      parts.push(new Blob(chunks));
      [chunks, held] = [[], 0];
    }
    show(count(piece.value));
  }
  save(new Blob([...parts, ...chunks]), name ?? `srhooks.${format}`);
}

async function start(event) {
  const link = event.target.closest?.("[data-export] a[download]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const row = byId("export-progress");
  if (!row.hidden && row.querySelector("progress")) return; // one at a time
  const total = Number(link.closest("[data-export]").dataset.total);
  const bar = element("progress", {
    "aria-label": "Progress",
    ...(total ? { max: total, value: 0 } : {}),
  });
  const text = element("span", {}, "Starting…");
  const stop = new AbortController();
  const button = element("button", { type: "button" }, "Stop");
  button.addEventListener("click", () => stop.abort());
  row.replaceChildren(bar, text, button);
  row.hidden = false;
  const show = (rows) => {
    const done = total ? Math.min(rows, total) : rows;
    if (total) bar.value = done;
    text.textContent =
      done.toLocaleString("en-US") + (total ? ` of ${total.toLocaleString("en-US")}` : " so far");
  };
  try {
    await download(link, show, stop.signal);
    row.replaceChildren(element("span", {}, "Done: the file is in your downloads."));
  } catch (error) {
    // fetch says what a network does in a TypeError, in the browser's words
    const why = error instanceof TypeError ? "The server cannot be reached." : error.message;
    const words = stop.signal.aborted
      ? "Stopped."
      : `The export broke off. ${why} Try again in a moment.`;
    row.replaceChildren(element("span", {}, words));
  }
}

export function startExport() {
  on("click", start);
}
