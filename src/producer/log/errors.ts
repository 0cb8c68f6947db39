import type { EventId } from '../../protocol/ids.js';
import type { NewEvent } from './event-store.js';

/** The idempotency key stands in the log already, under an event that was published with other content. */
export class IdempotencyConflictError extends Error {
  readonly code = 'idempotency_conflict';

  constructor(readonly existing: EventId) {
    super(
      `This idempotency key was already used for ${existing}, which has other content; use a new key for a new event`,
    );
    this.name = 'IdempotencyConflictError';
  }
}

/**
 * Whether an event is another one than that which stands under its idempotency key. An erased event has no digest any more: whatever comes
 * under its key is taken for a repetition, since otherwise a producer that tries again would bring back what was erased.
 */
export function isConflict(digest: string | null, { idempotencyDigest }: Pick<NewEvent, 'idempotencyDigest'>): boolean {
  return digest !== null && digest !== idempotencyDigest;
}

/** The database's write-ahead log cannot be cut just now, so bytes of erased payloads may still be in it. It is tried again. */
export class NotOverwrittenError extends Error {
  readonly code = 'not_overwritten';

  constructor() {
    super('Somebody reads from the database file; close other programs that have it open');
    this.name = 'NotOverwrittenError';
  }
}
