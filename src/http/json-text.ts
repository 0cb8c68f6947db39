import { JsonRefusedError, pointerTo } from './json-errors.js';
import { JsonScanner } from './json-scanner.js';
import type { JsonShape } from './json-shape.js';
import type { RawJson } from './raw-json.js';

const NOTHING_RAW: JsonShape = { raw: [], lists: {} };

/**
 * Reads a request: the whole grammar is checked, raw members are cut out unparsed, everything else becomes a value.
 * Throws `JsonSyntaxError`, or `JsonRefusedError` for numbers that a double cannot hold, for too deep nesting and, outside
 * raw members, for a member that stands twice (which of the two counts is up to each reader).
 */
export function readJson(text: string, shape: JsonShape = NOTHING_RAW): unknown {
  const scanner = new JsonScanner(text);
  const value = readValue(scanner, shape);
  scanner.end();
  return value;
}

/** Checks that `text` is one JSON value that comes back as it was sent. Throws as `readJson` does. */
export function checkJson(text: string): void {
  const scanner = new JsonScanner(text);
  scanner.skipValue();
  scanner.end();
}

function readValue(scanner: JsonScanner, shape: JsonShape): unknown {
  const code = scanner.peek();
  if (code === 0x7b) return readObject(scanner, shape);
  if (code === 0x5b) return readArray(scanner, NOTHING_RAW);
  const start = scanner.pos;
  scanner.skipValue();
  return code === 0x22 ? scanner.stringAt(start) : (JSON.parse(scanner.text.slice(start, scanner.pos)) as unknown);
}

function readArray(scanner: JsonScanner, shape: JsonShape): unknown[] {
  const values: unknown[] = [];
  scanner.enter();
  if (scanner.peek() !== 0x5d) {
    do {
      scanner.element(values.length);
      values.push(readValue(scanner, shape));
    } while (scanner.another(0x5d));
  }
  scanner.leave();
  return values;
}

function readObject(scanner: JsonScanner, shape: JsonShape): Record<string, unknown> {
  const members = new Map<string, unknown>();
  const refused = new Set<string>();
  scanner.enter();
  if (scanner.peek() !== 0x7d) {
    do {
      const name = scanner.stringAt(scanner.memberName());
      if (members.has(name)) refused.add(scanner.pointer());
      members.set(name, readMember(scanner, shape, name));
    } while (scanner.another(0x7d));
  }
  scanner.leave();
  if (refused.size > 0) {
    throw new JsonRefusedError([...refused].map((pointer) => ({ pointer, message: 'Stands twice; send it once' })));
  }
  // Plain assignment of this name would set the prototype, and validation would not see it.
  if (members.has('__proto__')) {
    throw new JsonRefusedError([
      { pointer: pointerTo(scanner.pointer(), '__proto__'), message: 'Unknown field; remove it' },
    ]);
  }
  return Object.fromEntries(members);
}

function readMember(scanner: JsonScanner, shape: JsonShape, name: string): unknown {
  const code = scanner.peek();
  if (shape.raw.includes(name)) {
    const start = scanner.pos;
    scanner.skipValue();
    return { text: scanner.text.slice(start, scanner.pos) } satisfies RawJson;
  }
  const items = Object.hasOwn(shape.lists, name) ? shape.lists[name] : undefined;
  return items && code === 0x5b ? readArray(scanner, items) : readValue(scanner, NOTHING_RAW);
}
