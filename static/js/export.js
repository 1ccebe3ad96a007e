// An export with its progress, and a way to stop it. Without this the links are plain downloads.
import { byId, copyOf, element, on } from "./dom.js";
import { say } from "./words.js";

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

/**
 * Counts rows in pieces that are cut anywhere. In CSV a line feed inside of quotes ends none.
 * @param {"csv" | "ndjson" | "har"} format
 * @returns {(piece: Uint8Array) => number} how many there are up to this piece
 */
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
  if (!answer.ok) throw new Error(say("answered", { status: answer.status }));
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
  row.replaceChildren(...copyOf("export-running").children);
  const [bar, text, button] = row.children;
  if (total) [bar.max, bar.value] = [total, 0];
  const stop = new AbortController();
  button.addEventListener("click", () => stop.abort());
  row.hidden = false;
  const show = (rows) => {
    const done = total ? Math.min(rows, total) : rows;
    if (total) bar.value = done;
    text.textContent = say(total ? "export_progress" : "export_so_far", {
      count: done.toLocaleString("en-US"),
      total: total.toLocaleString("en-US"),
    });
  };
  try {
    await download(link, show, stop.signal);
    row.replaceChildren(element("span", {}, say("export_done")));
  } catch (error) {
    // fetch says what a network does in a TypeError, in the browser's words
    const reason = error instanceof TypeError ? say("unreachable") : error.message;
    const words = say(stop.signal.aborted ? "export_stopped" : "export_failed", { reason });
    row.replaceChildren(element("span", {}, words));
  }
}

export function startExport() {
  on("click", start);
}
