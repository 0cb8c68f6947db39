import type { Cursor } from '../../protocol/cursor.js';
import type { EndpointId, EventId } from '../../protocol/ids.js';

// The bodies are put together by hand: an endless row of one shape, several times as fast as JSON.stringify. Nothing in them needs
// escaping: ids, cursors and event types are of alphabets without quotes, backslashes and control characters, and are checked
// where they are made. Text from elsewhere goes through JSON.stringify.

export interface EventsAvailableContent {
  /** When the signal was composed, not this attempt's time: a retry has the same bytes. Unix ms. */
  timestamp: Date | number;
  endpointId: EndpointId;
  /** In log order, at least one. */
  events: readonly { readonly id: EventId; readonly type: string }[];
  /** The place before the first event. */
  after: Cursor;
  /** The place of the last event. */
  cursor: Cursor;
  /** Whether further events wait that match the endpoint's filter. */
  more: boolean;
}

/** The body of the signal that new events wait. */
export function composeEventsAvailable(content: EventsAvailableContent): string {
  const { endpointId, events, after, cursor, more } = content;
  let list = '';
  for (const { id, type } of events) list += `${list === '' ? '' : ','}{"id":"${id}","type":"${type}"}`;
  return envelope(
    'events.available',
    content.timestamp,
    `"endpoint":"${endpointId}","events":[${list}],"after":"${after}","cursor":"${cursor}","more":${more}`,
  );
}

export interface EndpointSignalContent {
  /** Unix ms. */
  timestamp: Date | number;
  endpointId: EndpointId;
}

/** The body of the signal that somebody asked for by the test button. */
export function composeEndpointTest({ timestamp, endpointId }: EndpointSignalContent): string {
  return envelope('endpoint.test', timestamp, `"endpoint":"${endpointId}"`);
}

/** The body of the signal that asks the owner of a URL to repeat the challenge. */
export function composeEndpointVerification(content: EndpointSignalContent & { challenge: string }): string {
  const { timestamp, endpointId, challenge } = content;
  const members = `"endpoint":"${endpointId}","challenge":${JSON.stringify(challenge)}`;
  return envelope('endpoint.verification', timestamp, members);
}

/** The body of the signal that no more come until the endpoint is enabled again. */
export function composeEndpointDisabled(content: EndpointSignalContent & { reason: string }): string {
  const { timestamp, endpointId, reason } = content;
  return envelope('endpoint.disabled', timestamp, `"endpoint":"${endpointId}","reason":${JSON.stringify(reason)}`);
}

/** The body of the signal that signals go on. */
export function composeEndpointEnabled({ timestamp, endpointId }: EndpointSignalContent): string {
  return envelope('endpoint.enabled', timestamp, `"endpoint":"${endpointId}"`);
}

function envelope(type: string, timestamp: Date | number, members: string): string {
  return `{"type":"${type}","timestamp":"${new Date(timestamp).toISOString()}","data":{${members}}}`;
}
