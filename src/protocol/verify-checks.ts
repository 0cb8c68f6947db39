import { SignatureError } from './signature-error.js';

/** Five minutes, as Standard Webhooks has it. */
export const TOLERANCE_SECONDS = 300;

/** The clock and the tolerance that a signature is checked with. */
export interface VerifyOptions {
  /** The clock, in Unix milliseconds. Default: `Date.now`. */
  now?: () => number;
  /** How far the timestamp may be from now, in either direction, in seconds. Default: 300. */
  toleranceSeconds?: number;
}

// Array.isArray does not narrow readonly lists.
export function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}

/** @throws RangeError */
export function requireTolerance(toleranceSeconds: number): void {
  // Not a number would make every comparison with it false, and so every timestamp good or bad by accident.
  if (!(toleranceSeconds >= 0)) throw new RangeError('toleranceSeconds is a number of seconds, 0 or more');
}

/** @throws SignatureError `body_not_raw` */
export function requireRaw(body: unknown): void {
  if (typeof body === 'string' || body instanceof Uint8Array) return;
  throw new SignatureError(
    'body_not_raw',
    'The body is not raw bytes; a parsed body, made text again, is not what was signed. In Nest: NestFactory.create(…, { rawBody: true })',
  );
}

/**
 * All in Unix seconds.
 *
 * @throws SignatureError `timestamp_too_old`, `timestamp_too_new`
 */
export function requireFresh(timestamp: number, now: number, tolerance: number): void {
  const age = now - timestamp;
  if (Math.abs(age) <= tolerance) return;
  if (age < 0) {
    throw new SignatureError(
      'timestamp_too_new',
      `The request was signed ${-age} s from now; ${tolerance} s are allowed. Is this machine's clock slow?`,
    );
  }
  throw new SignatureError(
    'timestamp_too_old',
    `The request was signed ${age} s ago; ${tolerance} s are allowed. Was it replayed or held up, or is this machine's clock fast?`,
  );
}
