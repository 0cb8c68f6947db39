/**
 * Cuts JSON text into its parts without parsing them, so that a payload can be kept exactly as it was sent: parsing and
 * writing it again may change white space, escapes, the order of members and numbers.
 */

// Strings in one piece, so that brackets and commas inside them do not count.
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/gs;

/**
 * The values directly inside an array or object, as text without the white space around them. The text must be valid JSON.
 * @param {string} text
 * @returns {{ name: string | undefined, value: string }[]} `name` is the member's name; undefined in arrays
 */
function parts(text) {
  const found = [];
  let depth = 0;
  let name;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    const closing = token === '}' || token === ']';
    if (depth === 1 && (closing || token === ',')) {
      const value = text.slice(start, index).trim();
      if (value !== '') found.push({ name, value });
      start = index + 1;
    } else if (depth === 1 && token === ':') {
      name = JSON.parse(text.slice(start, index));
      start = index + 1;
    }
    if (token === '{' || token === '[') {
      depth += 1;
      if (depth === 1) start = index + 1;
    } else if (closing) depth -= 1;
  }
  return found;
}

/**
 * The text of one member of an object; undefined if there is none of that name.
 * @param {string} text
 * @param {string} name
 */
export function memberText(text, name) {
  return parts(text).find((part) => part.name === name)?.value;
}

/**
 * The texts of an array's items.
 * @param {string} text
 */
export function itemTexts(text) {
  return parts(text).map((part) => part.value);
}
