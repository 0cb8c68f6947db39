import { pointerTo } from './json-errors.js';

/** A value that JSON would not give back as it is. */
export class InexactJsonError extends Error {
  readonly code = 'inexact_json';

  constructor(
    /** JSON pointer into the value; empty for the whole. */
    readonly pointer: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'InexactJsonError';
  }
}

/**
 * The value as JSON text. Refuses what `JSON.stringify` refuses, and what it changes in silence: NaN, the infinities and
 * invalid dates become null, so does undefined in a list, and a whole value that JSON does not have becomes nothing. Members that are undefined are left out, as everywhere.
 *
 * @throws InexactJsonError
 */
export function assertExactJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new InexactJsonError(faultyPointer(value), reasonOf(cause), { cause });
  }
  if (text === undefined) throw new InexactJsonError('', `A ${typeof value} is no JSON value; null says "nothing"`);
  // A number that became null left a null behind: without one there is nothing to look for.
  if (text.includes('null')) refuseLostNumbers(value);
  return text;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof TypeError && /BigInt/i.test(cause.message)) {
    return 'A BigInt has no place in JSON; publish it as a string';
  }
  if (cause instanceof TypeError && /circular|cyclic/i.test(cause.message)) {
    return 'The value contains itself; publish a copy without the reference back';
  }
  return 'The value could not be turned into JSON';
}

function refuseLostNumbers(value: unknown): void {
  walk(value, '', [], (found, pointer, above) => {
    if (typeof found === 'number' && !Number.isFinite(found)) {
      throw new InexactJsonError(pointer, `${found} has no place in JSON; publish null or a string`);
    }
    if (Array.isArray(above.at(-1)) && !isJsonValue(found)) {
      throw new InexactJsonError(pointer, `A ${typeof found} in a list becomes null; publish null or leave it out`);
    }
    return false;
  });
}

function isJsonValue(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

/** Where the first BigInt or reference back stands; empty when a `toJSON` failed by itself. */
function faultyPointer(value: unknown): string {
  let faulty = '';
  try {
    walk(value, '', [], (found, pointer, above) => {
      const isFault = typeof found === 'bigint' || above.includes(found);
      if (isFault) faulty = pointer;
      return isFault;
    });
  } catch {
    return '';
  }
  return faulty;
}

type Visit = (value: unknown, pointer: string, above: readonly unknown[]) => boolean;

/** Visits the value as `JSON.stringify` sees it (`toJSON`, boxed numbers, own enumerable members). True as soon as `visit` answers true. */
function walk(given: unknown, pointer: string, above: readonly unknown[], visit: Visit, key = ''): boolean {
  const value = asJsonSees(given, key);
  if (visit(value, pointer, above)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const inside = [...above, value];
  if (Array.isArray(value)) {
    return value.some((item, index) => walk(item, pointerTo(pointer, index), inside, visit, String(index)));
  }
  return Object.entries(value).some(([name, item]) => walk(item, pointerTo(pointer, name), inside, visit, name));
}

function asJsonSees(value: unknown, key: string): unknown {
  // Its toJSON answers null.
  if (value instanceof Date && Number.isNaN(value.getTime())) return Number.NaN;
  const convertible = (typeof value === 'object' && value !== null) || typeof value === 'bigint';
  const toJson: unknown = convertible ? (value as { toJSON?: unknown }).toJSON : undefined;
  const seen: unknown = typeof toJson === 'function' ? toJson.call(value, key) : value;
  return seen instanceof Number ? Number(seen) : seen;
}
