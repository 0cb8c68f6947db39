import type { Cursor } from '../../protocol/cursor.js';
import type { EndpointId, EventId } from '../../protocol/ids.js';

interface About {
  /** When the signal was composed: Unix ms. */
  timestamp: number;
  endpointId: EndpointId;
}

export interface EventsAvailable extends About {
  /** 1 to 250, in log order. */
  events: readonly { id: EventId; type: string }[];
  /** Before the first event. */
  after: Cursor;
  /** Of the last event. */
  cursor: Cursor;
  more: boolean;
}

/** Ids, types and cursors are of alphabets that JSON needs no escapes for, so the text is put together by hand: this runs for every signal. */
export function composeEventsAvailable({ timestamp, endpointId, events, after, cursor, more }: EventsAvailable): string {
  let list = '';
  for (const { id, type } of events) list += `${list === '' ? '' : ','}{"id":"${id}","type":"${type}"}`;
  const data = `{"endpoint":"${endpointId}","events":[${list}],"after":"${after}","cursor":"${cursor}","more":${more}}`;
  return envelope('events.available', timestamp, data);
}

export function composeEndpointTest({ timestamp, endpointId }: About): string {
  return envelope('endpoint.test', timestamp, `{"endpoint":"${endpointId}"}`);
}

export function composeEndpointEnabled({ timestamp, endpointId }: About): string {
  return envelope('endpoint.enabled', timestamp, `{"endpoint":"${endpointId}"}`);
}

export function composeEndpointDisabled({ timestamp, endpointId, reason }: About & { reason: 'failing' | 'gone' }): string {
  return envelope('endpoint.disabled', timestamp, `{"endpoint":"${endpointId}","reason":"${reason}"}`);
}

function envelope(type: string, timestamp: number, data: string): string {
  return `{"type":"${type}","timestamp":"${new Date(timestamp).toISOString()}","data":${data}}`;
}
