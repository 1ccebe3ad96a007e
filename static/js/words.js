// The words that scripts show stand in the page (srhooks/web/presentation/words.py).
import { byId } from "./dom.js";

let words = null;

/**
 * @param {string} name of the words
 * @param {Record<string, string | number>} values for what stands in braces
 * @returns {string}
 */
export function say(name, values = {}) {
  words ??= JSON.parse(byId("words").dataset.words);
  return words[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}
