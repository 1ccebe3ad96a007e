// What a frame of the WebSocket is about, from its markup as a browser reads it. In a template
// nothing runs and nothing is loaded.

const ROW = 'li[id^="n-"]';

/**
 * @typedef {object} Row
 * @property {string} id of the element
 * @property {boolean} isNew it goes on top of the list
 * @property {boolean} isDeleted somebody deleted its notification
 */

/**
 * @param {string} text HTML, as the server sends it
 * @returns {{ text: string, rows: Row[], isList: boolean }} isList: it brings the list as a whole
 */
export function readFrame(text) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: text });
  const rows = [...content.querySelectorAll(ROW)].map((row) => ({
    id: row.id,
    isNew: row.parentElement?.id === "feed",
    isDeleted: row.hasAttribute("data-deleted"),
  }));
  return { text, rows, isList: content.querySelector("#list") !== null };
}
