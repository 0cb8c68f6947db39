import { createHash } from 'node:crypto';
import { assertExactJson } from '../../http/exact-json.js';
import { isEventType } from '../../protocol/event-type.js';
import type { IdGenerator } from '../../protocol/ids.js';
import type { NewEvent } from '../log/event-store.js';
import {
  DEFAULT_TENANT,
  IDEMPOTENCY_KEY_PATTERN,
  InvalidEventError,
  SUBJECT_MAX_LENGTH,
  TENANT_PATTERN,
  TRACEPARENT_PATTERN,
  type EventInput,
} from './event-input.js';

/** Checks an event and gives it its id, its times and its payload text. Throws `InvalidEventError`. */
export function prepareEvent(input: EventInput, ids: IdGenerator, now: number): NewEvent {
  const { type, tenant = DEFAULT_TENANT, subject = null, idempotencyKey = null, traceparent = null } = input;
  if (!isEventType(type)) {
    throw new InvalidEventError(
      '/type',
      'must be identifiers of [a-zA-Z0-9_] joined by full stops, such as invoice.paid',
    );
  }
  if (!TENANT_PATTERN.test(tenant)) throw new InvalidEventError('/tenant', 'must be 1 to 128 of [A-Za-z0-9_.:-]');
  if (subject !== null && !isSubject(subject)) {
    throw new InvalidEventError(
      '/subject',
      `must be text of 1 to ${SUBJECT_MAX_LENGTH} characters without control characters`,
    );
  }
  if (idempotencyKey !== null && !IDEMPOTENCY_KEY_PATTERN.test(idempotencyKey)) {
    throw new InvalidEventError('/idempotencyKey', 'must be 1 to 255 visible ASCII characters');
  }
  const data = input.dataText ?? payloadText(input.data);
  const event: NewEvent = {
    id: ids.next('evt'),
    tenant,
    type,
    subject,
    occurredAt: input.occurredAt === undefined ? now : time(input.occurredAt),
    recordedAt: now,
    data,
    idempotencyKey,
    idempotencyDigest: null,
    // A malformed trace context is somebody else's bug and no reason to lose an event.
    traceparent: traceparent !== null && TRACEPARENT_PATTERN.test(traceparent) ? traceparent : null,
  };
  if (idempotencyKey !== null) event.idempotencyDigest = digest(event, input.occurredAt !== undefined);
  return event;
}

function isSubject(subject: unknown): boolean {
  return (
    typeof subject === 'string' &&
    subject.length > 0 &&
    subject.length <= SUBJECT_MAX_LENGTH &&
    !/\p{Cc}/u.test(subject)
  );
}

function payloadText(data: unknown): string {
  try {
    return assertExactJson(data);
  } catch (cause) {
    const pointer = cause instanceof Error && 'pointer' in cause ? String(cause.pointer) : '';
    throw new InvalidEventError(`/data${pointer}`, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function time(value: Date | string): number {
  const milliseconds = value instanceof Date ? value.getTime() : Date.parse(value);
  if (Number.isNaN(milliseconds)) {
    throw new InvalidEventError('/occurredAt', 'must be a date in ISO 8601, such as 2026-11-23T17:30:00.000Z');
  }
  return milliseconds;
}

/** Over what the producer said, so a default such as "now" does not make a repeated request look like another one. */
function digest(event: NewEvent, withTime: boolean): string {
  const said = [event.type, event.tenant, event.subject, withTime ? event.occurredAt : null, event.data];
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}
