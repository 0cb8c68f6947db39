import type { EventId } from '../../protocol/ids.js';

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
