/** Longest event type, in characters (all of them ASCII). */
export const EVENT_TYPE_MAX_LENGTH = 128;

const EVENT_TYPE = /^[a-zA-Z0-9_]+(?:\.[a-zA-Z0-9_]+)*$/;
const PREFIX_PATTERN = /^(?:[a-zA-Z0-9_]+\.)+\*$/;
const EVERYTHING = '*';

/** Whether `text` is an event type: full-stop-delimited identifiers of `[a-zA-Z0-9_]`, 128 characters at most. */
export function isEventType(text: string): boolean {
  return text.length <= EVENT_TYPE_MAX_LENGTH && EVENT_TYPE.test(text);
}

/** Whether `text` selects event types: an exact type, `prefix.*` (everything below the prefix), or `*`. */
export function isEventTypePattern(text: string): boolean {
  // A longer prefix pattern would be well-formed, but no type is long enough for it.
  return (
    text === EVERYTHING || isEventType(text) || (text.length <= EVENT_TYPE_MAX_LENGTH && PREFIX_PATTERN.test(text))
  );
}

/**
 * Whether one of the patterns admits the type. `prefix.*` admits any depth below the prefix and not the prefix itself:
 * `invoice.*` admits `invoice.paid` and `invoice.line.added`, and neither `invoice` nor `invoices.paid`.
 */
export function matchesEventType(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => pattern === EVERYTHING || pattern === type || isBelow(pattern, type));
}

/**
 * Every pattern that admits the type, widest first: `a.b.c` gives `*`, `a.*`, `a.b.*` and `a.b.c`. What an endpoint's filter
 * matches can thus be looked up by equality, in an index, instead of tried pattern by pattern.
 */
export function patternsMatching(type: string): string[] {
  const patterns = [EVERYTHING];
  for (let stop = type.indexOf('.'); stop !== -1; stop = type.indexOf('.', stop + 1)) {
    patterns.push(`${type.slice(0, stop)}.*`);
  }
  patterns.push(type);
  return patterns;
}

function isBelow(pattern: string, type: string): boolean {
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}
