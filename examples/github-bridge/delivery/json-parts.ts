/** A member of an object or an item of a list, and where its value stands in the text. */
export interface JsonPart {
  /** The member's name; undefined in lists. */
  name: string | undefined;
  text: string;
  /** Index of its first character. */
  start: number;
  /** Index behind its last character. */
  end: number;
}

/**
 * The values directly inside an object or a list, cut out of the text and not parsed, so that numbers, escapes and white space stay as they were
 * sent. The text must be valid JSON.
 */
export function jsonParts(text: string): JsonPart[] {
  const parts: JsonPart[] = [];
  let depth = 0;
  let start = 0;
  let name: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const isEnd = char === '}' || char === ']';
    if (depth === 1 && (isEnd || char === ',')) {
      const value = text.slice(start, at).trim();
      const first = text.indexOf(value, start);
      if (value !== '') parts.push({ name, text: value, start: first, end: first + value.length });
      start = at + 1;
    } else if (depth === 1 && char === ':') {
      name = JSON.parse(text.slice(start, at)) as string;
      start = at + 1;
    }
    if (char === '"') at = closingQuote(text, at);
    else if (isEnd) depth -= 1;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth === 1) start = at + 1;
    }
  }
  return parts;
}

/** The member of that name. Of several the last one, which is the one that JSON.parse takes. */
export function jsonMember(text: string, name: string): JsonPart | undefined {
  return jsonParts(text).findLast((part) => part.name === name);
}

function closingQuote(text: string, opening: number): number {
  let at = opening + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
