import { ProblemException } from '../../http/problem-exception.js';
import { decodeCursor, InvalidCursorError, type CursorPlace } from '../../protocol/cursor.js';
import type { LogBounds, Position } from '../log/event-store.js';
import { cursorAt } from './event-representation.js';

/** Where a page begins: at the oldest retained event, behind the newest, or behind a cursor. */
export type FeedStart = 'oldest' | 'now' | CursorPlace;

export function feedStart(after: string | undefined): FeedStart {
  if (after === undefined) return 'oldest';
  return after === 'now' ? 'now' : placeOf(after, '/after');
}

/** The place of a cursor that a receiver sent. Throws `ProblemException` (`invalid_cursor`). */
export function placeOf(cursor: string, pointer: string): CursorPlace {
  try {
    return decodeCursor(cursor);
  } catch (cause) {
    if (cause instanceof InvalidCursorError) throw invalidCursor(pointer, cause);
    throw cause;
  }
}

/**
 * A cursor beyond the head, or of a partition that the reader's tenant is not in, comes from another log (a database that was restored,
 * or another installation): going on from it would skip everything until the log gets there.
 */
export function refuseForeign(place: CursorPlace, { partition, head }: LogBounds, pointer: string): void {
  if (place.partition !== partition || place.position > head) throw invalidCursor(pointer);
}

/** What lay between the cursor and the oldest retained event is gone: the receiver must learn that it missed something. */
export function refuseExpired(position: Position, { partition, oldest }: LogBounds): void {
  if (position >= oldest) return;
  throw new ProblemException(
    'cursor_expired',
    'Events behind this cursor have left the retention period. Go on from `oldest`, and reconcile what was missed.',
    { members: { oldest: cursorAt(partition, oldest) } },
  );
}

function invalidCursor(pointer: string, cause?: unknown): ProblemException {
  const errors = [{ pointer, message: 'must be a cursor of this log, exactly as it was received' }];
  return new ProblemException('invalid_cursor', undefined, { errors, cause });
}
