import { createHash } from 'node:crypto';
import { encodeCursor, type Cursor } from '../../protocol/cursor.js';
import type { ShownEvent } from '../access/read-policy.js';
import type { Position, StoredEvent } from '../log/event-store.js';
import { TimeText } from './time-text.js';

/** An event whose payload is still there. */
export type ReadableEvent = ShownEvent<StoredEvent & { data: string }>;

export function isReadable<E extends StoredEvent>(event: E): event is E & { data: string } {
  return event.data !== null;
}

/** A place of the log as receivers see it. */
export function cursorAt(partition: number, position: Position): Cursor {
  return encodeCursor({ partition, position });
}

// One for each: events that are published late happened in other minutes.
const occurred = new TimeText();
const recorded = new TimeText();

/**
 * The event as the fetch API shows it. The payload is put in as the text that was stored, so key order, number spellings and
 * escapes come back as they were sent. Id, type and tenant were checked on the way in and need no escaping.
 */
export function eventJson(event: ReadableEvent): string {
  return `${eventHead(event)}${event.data}${redactedMember(event)}}`;
}

/** The event as JSON up to its payload: `eventJson` of a stored event is this, the payload and a brace. */
export function eventHead(event: ReadableEvent): string {
  const subject = event.subject === null ? 'null' : JSON.stringify(event.subject);
  return (
    `{"id":"${event.id}","type":"${event.type}","tenant":"${event.tenant}","subject":${subject}` +
    `,"occurredAt":"${occurred.of(event.occurredAt)}","recordedAt":"${recorded.of(event.recordedAt)}"` +
    `,"cursor":"${cursorAt(event.partition, event.position)}","data":`
  );
}

/** Behind the payload; nothing where nothing was withheld. */
export function redactedMember({ redacted }: Pick<ReadableEvent, 'redacted'>): string {
  return redacted === undefined || redacted.length === 0 ? '' : `,"redacted":${JSON.stringify(redacted)}`;
}

/**
 * The event in the JSON format of CloudEvents 1.0. What the specification has no attribute for travels as extensions, whose
 * names are lower-case alphanumerics (§3.1): `tenant`, `recordedtime`, `cursor`, and `redacted`, which is JSON text, since an attribute
 * cannot be a list (§3.1).
 */
export function eventCloudEvent(event: ReadableEvent, source: string): string {
  // The attribute must not be empty, so without a subject it is left out (§3.1.2).
  const subject = event.subject === null ? '' : `,"subject":${JSON.stringify(event.subject)}`;
  const withheld = event.redacted ?? [];
  const redacted = withheld.length === 0 ? '' : `,"redacted":${JSON.stringify(JSON.stringify(withheld))}`;
  return (
    `{"specversion":"1.0","id":"${event.id}","source":${JSON.stringify(source)},"type":"${event.type}"${subject}` +
    `,"time":"${occurred.of(event.occurredAt)}","datacontenttype":"application/json","tenant":"${event.tenant}"` +
    `,"recordedtime":"${recorded.of(event.recordedAt)}","cursor":"${cursorAt(event.partition, event.position)}"${redacted},"data":${event.data}}`
  );
}

/**
 * A strong validator (RFC 9110 §8.8.3). An event never changes, so its id, the kind of representation and what is withheld (`variant`) are
 * enough; the CloudEvent also shows where the API is reached, which an operator may change.
 */
export function jsonETag(id: string, variant?: string): string {
  return `"${id}${variantMark(variant)}"`;
}

export function cloudEventETag(id: string, source: string, variant?: string): string {
  return `"${id}-ce-${createHash('sha256').update(source).digest('base64url').slice(0, 8)}${variantMark(variant)}"`;
}

function variantMark(variant: string | undefined): string {
  return variant === undefined ? '' : `-v-${variant}`;
}
