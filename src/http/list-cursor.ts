import { ProblemException } from './problem-exception.js';

/** The key of a list's last row as a cursor: wrapped, so that nobody builds one by hand or relies on what is in it. */
export function wrapListCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** The key in a cursor of a list whose keys satisfy `isKey`. @throws ProblemException (`invalid_cursor`) */
export function unwrapListCursor(cursor: string, isKey: (key: string) => boolean): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  // One spelling only: what does not encode to the same text was never given out.
  if (!isKey(key) || wrapListCursor(key) !== cursor) throw invalidListCursor();
  return key;
}

export function invalidListCursor(cause?: unknown): ProblemException {
  const errors = [{ pointer: '/after', message: 'must be the cursor of an earlier page of this list, unchanged' }];
  return new ProblemException('invalid_cursor', 'Use a cursor exactly as it was received, or leave it out.', {
    errors,
    cause,
  });
}
