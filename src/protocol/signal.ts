import type { Cursor } from './cursor.js';
import type { EndpointId, EventId } from './ids.js';
import { isEventType } from './event-type.js';
import { isId } from './ids.js';

interface Envelope<Type extends string, Data> {
  type: Type;
  /** When the signal was composed; ISO 8601, UTC. A retry keeps it. */
  timestamp: string;
  data: Data;
}

/** New events wait. Says which, in log order, and nothing else about them. */
export type EventsAvailable = Envelope<
  'events.available',
  {
    endpoint: EndpointId;
    /** At least one. */
    events: { id: EventId; type: string }[];
    /** The place before the first of them. */
    after: Cursor;
    /** The place of the last of them. */
    cursor: Cursor;
    /** Whether further events wait that match the endpoint's filter. */
    more: boolean;
  }
>;

/** Asks whoever owns a new URL to prove it by answering with the challenge. */
export type EndpointVerification = Envelope<'endpoint.verification', { endpoint: EndpointId; challenge: string }>;

/** Somebody pressed the test button. */
export type EndpointTest = Envelope<'endpoint.test', { endpoint: EndpointId }>;

/** No more signals until the endpoint is enabled again; its place in the log stays. */
export type EndpointDisabled = Envelope<'endpoint.disabled', { endpoint: EndpointId; reason: string }>;

/** Signals go on from where they stopped. */
export type EndpointEnabled = Envelope<'endpoint.enabled', { endpoint: EndpointId }>;

/** The body of a signal; `type` tells which. */
export type Signal = EventsAvailable | EndpointVerification | EndpointTest | EndpointDisabled | EndpointEnabled;
/** What a signal is about: the `type` in its body. */
export type SignalType = Signal['type'];

/** `unknown_type` is no fault of the sender's: a newer producer may have signals that this version does not know. */
export type InvalidSignalReason = 'not_json' | 'unknown_type' | 'bad_member';

/** The text is no signal that can be understood. */
export class InvalidSignalError extends Error {
  readonly code = 'invalid_signal';

  constructor(
    readonly reason: InvalidSignalReason,
    /** JSON pointer to the member at fault; empty for the whole. */
    readonly pointer: string,
    expected: string,
    options?: ErrorOptions,
  ) {
    super(`Not a signal: ${pointer === '' ? 'the body' : pointer} ${expected}`, options);
    this.name = 'InvalidSignalError';
  }
}

/**
 * Reads the body of a signal, after its signature was verified. Members that are not known are left out, not refused: a newer
 * producer may add some. Cursors are opaque to a receiver and only checked to be text.
 *
 * @throws InvalidSignalError
 */
export function parseSignal(text: string): Signal {
  const body = object(parseJson(text), '');
  const type = string(body['type'], '/type');
  const timestamp = time(body['timestamp'], '/timestamp');
  const data = () => object(body['data'], '/data');
  switch (type) {
    case 'events.available':
      return { type, timestamp, data: eventsAvailable(data()) };
    case 'endpoint.verification': {
      const { endpoint, challenge } = data();
      return {
        type,
        timestamp,
        data: { endpoint: endpointId(endpoint), challenge: string(challenge, '/data/challenge') },
      };
    }
    case 'endpoint.disabled': {
      const { endpoint, reason } = data();
      return { type, timestamp, data: { endpoint: endpointId(endpoint), reason: string(reason, '/data/reason') } };
    }
    case 'endpoint.test':
    case 'endpoint.enabled':
      return { type, timestamp, data: { endpoint: endpointId(data()['endpoint']) } };
    default:
      throw new InvalidSignalError('unknown_type', '/type', 'is not known to this version; answer 2xx and ignore it');
  }
}

function eventsAvailable(data: Record<string, unknown>): EventsAvailable['data'] {
  const { events, more } = data;
  if (!Array.isArray(events) || events.length === 0)
    throw bad('/data/events', 'must be a list with at least one event');
  if (typeof more !== 'boolean') throw bad('/data/more', 'must be true or false');
  return {
    endpoint: endpointId(data['endpoint']),
    events: events.map((event: unknown, index) => eventReference(event, `/data/events/${index}`)),
    after: string(data['after'], '/data/after') as Cursor,
    cursor: string(data['cursor'], '/data/cursor') as Cursor,
    more,
  };
}

function eventReference(value: unknown, pointer: string): { id: EventId; type: string } {
  const event = object(value, pointer);
  const id = string(event['id'], `${pointer}/id`);
  const type = string(event['type'], `${pointer}/type`);
  // Receivers put the id into a URL's path.
  if (!isId('evt', id)) throw bad(`${pointer}/id`, 'must be an event id');
  if (!isEventType(type)) throw bad(`${pointer}/type`, 'must be an event type');
  return { id, type };
}

function endpointId(value: unknown): EndpointId {
  const id = string(value, '/data/endpoint');
  if (!isId('ep', id)) throw bad('/data/endpoint', 'must be an endpoint id');
  return id;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidSignalError('not_json', '', 'is not well-formed JSON', { cause });
  }
}

function object(value: unknown, pointer: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(pointer, 'must be an object');
  return value as Record<string, unknown>;
}

function string(value: unknown, pointer: string): string {
  if (typeof value !== 'string' || value === '') throw bad(pointer, 'must be text, and not empty');
  return value;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

function time(value: unknown, pointer: string): string {
  const text = string(value, pointer);
  if (!ISO_TIME.test(text) || Number.isNaN(Date.parse(text))) throw bad(pointer, 'must be a time, ISO 8601 in UTC');
  return text;
}

function bad(pointer: string, expected: string): InvalidSignalError {
  return new InvalidSignalError('bad_member', pointer, expected);
}
