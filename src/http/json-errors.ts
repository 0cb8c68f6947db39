import type { ProblemField } from '../protocol/problem.js';

/** The text is not JSON (RFC 8259). `position` counts UTF-16 code units from 0. */
export class JsonSyntaxError extends Error {
  readonly code = 'malformed_json';

  constructor(
    readonly expected: string,
    readonly position: number,
  ) {
    super(`Not valid JSON at character ${position}: expected ${expected}`);
    this.name = 'JsonSyntaxError';
  }
}

/** The text is JSON, but holds something that would not come back as it was sent, or is ambiguous. */
export class JsonRefusedError extends Error {
  readonly code = 'invalid_request';

  constructor(readonly errors: readonly ProblemField[]) {
    super(errors.map(({ pointer, message }) => `${pointer || '(root)'}: ${message}`).join('; '));
    this.name = 'JsonRefusedError';
  }
}

/** One reference token appended to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, token: string | number): string {
  return `${parent}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
