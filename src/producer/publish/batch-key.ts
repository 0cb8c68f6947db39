import { createHash } from 'node:crypto';
import type { NewEvent } from '../log/event-store.js';
import type { EventInput } from './event-input.js';

/**
 * The events of a batch under one idempotency key. The first one carries the key itself, so that it collides with a single event
 * under the same key; the others carry its hash and their place, which stays within the length of a key.
 */
export function underBatchKey(events: readonly EventInput[], key: string): EventInput[] {
  const hash = createHash('sha256').update(key).digest('base64url');
  return events.map((event, index) => ({ ...event, idempotencyKey: index === 0 ? key : `${hash}.${index}` }));
}

/** Gives each event the digest of all: otherwise a batch that is longer or shorter than the first one would repeat a part of it. */
export function shareDigest(events: readonly NewEvent[]): NewEvent[] {
  const digest = createHash('sha256');
  for (const event of events) digest.update(event.idempotencyDigest ?? '');
  const idempotencyDigest = digest.digest('base64url');
  return events.map((event) => ({ ...event, idempotencyDigest }));
}
