import { ProblemException } from '../../http/problem-exception.js';
import { decodeCursor, InvalidCursorError } from '../../protocol/cursor.js';
import type { LogBounds, Position } from '../log/event-store.js';
import { cursorAt } from './event-representation.js';

/** Where a page begins: at the oldest retained event, behind the newest, or behind a cursor. */
export type FeedStart = 'oldest' | 'now' | { position: Position };

export function feedStart(after: string | undefined): FeedStart {
  if (after === undefined) return 'oldest';
  return after === 'now' ? 'now' : { position: positionOf(after, '/after') };
}

/** The position of a cursor that a receiver sent. Throws `ProblemException` (`invalid_cursor`). */
export function positionOf(cursor: string, pointer: string): Position {
  try {
    const { partition, position } = decodeCursor(cursor);
    if (partition !== 0) throw invalidCursor(pointer);
    return position;
  } catch (cause) {
    if (cause instanceof InvalidCursorError) throw invalidCursor(pointer, cause);
    throw cause;
  }
}

/**
 * A cursor beyond the head comes from another log (a database that was restored, or another installation): going on from it would
 * skip everything until the log gets there.
 */
export function refuseAhead(position: Position, { head }: LogBounds, pointer: string): void {
  if (position > head) throw invalidCursor(pointer);
}

/** What lay between the cursor and the oldest retained event is gone: the receiver must learn that it missed something. */
export function refuseExpired(position: Position, { oldest }: LogBounds): void {
  if (position >= oldest) return;
  throw new ProblemException(
    'cursor_expired',
    'Events behind this cursor have left the retention period. Go on from `oldest`, and reconcile what was missed.',
    { members: { oldest: cursorAt(oldest) } },
  );
}

function invalidCursor(pointer: string, cause?: unknown): ProblemException {
  const errors = [{ pointer, message: 'must be a cursor of this log, exactly as it was received' }];
  return new ProblemException('invalid_cursor', undefined, { errors, cause });
}
