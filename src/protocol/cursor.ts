declare const opaque: unique symbol;

/** A place in the log as receivers see it. Nothing outside this file may look into it. */
export type Cursor = string & { readonly [opaque]: 'cursor' };

/** What a cursor stands for: after the event at `position` of a partition. Position 0 is before the first event. */
export interface CursorPlace {
  /** 0 to 65,535. */
  partition: number;
  /** A safe integer, 0 or more. */
  position: number;
}

/** The text is no cursor of this installation's format; the message says only that. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid_cursor';

  constructor(options?: ErrorOptions) {
    super('Not a cursor: use one exactly as it was received', options);
    this.name = 'InvalidCursorError';
  }
}

// Version 1 is 18 bytes, big-endian: version (1), partition (2), position (7), check (8). 18 bytes are exactly 24 characters of
// base64url, without spare bits, so that every cursor has one spelling.
const VERSION = 1;
const SIZE = 18;
const TEXT = /^[A-Za-z0-9_-]{24}$/;
const PARTITION_MAX = 0xffff;
const TWO_POW_32 = 2 ** 32;
// Two lanes that differ in seed only.
const SEED_A = 0x9e3779b9;
const SEED_B = 0x243f6a88;

// Reused, since the feed encodes one cursor per event; both functions are synchronous, so nobody sees it half-written.
const scratch = Buffer.alloc(SIZE);

/** @throws RangeError when a number is outside its range. */
export function encodeCursor({ partition, position }: CursorPlace): Cursor {
  if (!Number.isInteger(partition) || partition < 0 || partition > PARTITION_MAX) {
    throw new RangeError(`A partition is an integer from 0 to ${PARTITION_MAX}, not ${partition}`);
  }
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new RangeError(`A position is a safe integer from 0, not ${position}`);
  }
  const high = Math.floor(position / TWO_POW_32);
  const low = position >>> 0;
  const head = (VERSION << 16) | partition;
  scratch.writeUIntBE(head, 0, 3);
  scratch.writeUIntBE(high, 3, 3);
  scratch.writeUInt32BE(low, 6);
  scratch.writeUInt32BE(check(SEED_A, head, high, low), 10);
  scratch.writeUInt32BE(check(SEED_B, head, high, low), 14);
  return scratch.toString('base64url') as Cursor;
}

/** @throws InvalidCursorError for anything that `encodeCursor` did not make. */
export function decodeCursor(text: string): CursorPlace {
  if (!TEXT.test(text)) throw new InvalidCursorError();
  const bytes = Buffer.from(text, 'base64url');
  const head = bytes.readUIntBE(0, 3);
  const high = bytes.readUIntBE(3, 3);
  const low = bytes.readUInt32BE(6);
  const intact =
    bytes.readUInt32BE(10) === check(SEED_A, head, high, low) &&
    bytes.readUInt32BE(14) === check(SEED_B, head, high, low);
  const position = high * TWO_POW_32 + low;
  if (!intact || head >>> 16 !== VERSION || !Number.isSafeInteger(position)) throw new InvalidCursorError();
  return { partition: head & PARTITION_MAX, position };
}

/**
 * Tells a cursor from an accident (cut off, mistyped, made up by adding one); it is no secret and proves no origin: what a reader
 * may see is decided by its credential. Each step is a bijection of the state, so a change in one word always shows.
 */
function check(seed: number, head: number, high: number, low: number): number {
  return mix(mix(mix(seed ^ head) ^ high) ^ low) >>> 0;
}

// The finaliser of MurmurHash3 (32 bits): each bit of the input moves about half of the output's.
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
