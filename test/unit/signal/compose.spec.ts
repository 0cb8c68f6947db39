import { describe, expect, it } from '@jest/globals';
import { encodeCursor } from '../../../src/protocol/cursor.js';
import { IdGenerator } from '../../../src/protocol/ids.js';
import { parseSignal } from '../../../src/protocol/signal.js';
import {
  composeEndpointDisabled,
  composeEndpointEnabled,
  composeEndpointTest,
  composeEventsAvailable,
} from '../../../src/producer/signal/compose.js';

const ids = new IdGenerator();
const endpointId = ids.next('ep');
const timestamp = Date.UTC(2026, 10, 23, 17, 30);
const time = '2026-11-23T17:30:00.000Z';

describe('the body of a signal', () => {
  it.each([1, 2, 250])('with %i events is the contract’s JSON, member by member in its order', (count) => {
    const events = Array.from({ length: count }, () => ({ id: ids.next('evt'), type: 'invoice.paid_late' }));
    const after = encodeCursor({ partition: 0, position: 6 });
    const cursor = encodeCursor({ partition: 0, position: 6 + count });
    const body = composeEventsAvailable({ timestamp, endpointId, events, after, cursor, more: true });

    const data = { endpoint: endpointId, events, after, cursor, more: true };
    expect(body).toBe(JSON.stringify({ type: 'events.available', timestamp: time, data }));
    expect(parseSignal(body)).toEqual({ type: 'events.available', timestamp: time, data });
  });

  it('takes a Date as well', () => {
    expect(composeEndpointTest({ timestamp: new Date(timestamp), endpointId })).toBe(
      JSON.stringify({ type: 'endpoint.test', timestamp: time, data: { endpoint: endpointId } }),
    );
  });

  it('tells why an endpoint was disabled, whatever the words', () => {
    const reason = 'the "owner"\n said so';
    expect(parseSignal(composeEndpointDisabled({ timestamp, endpointId, reason }))).toEqual({
      type: 'endpoint.disabled',
      timestamp: time,
      data: { endpoint: endpointId, reason },
    });
  });

  it('tells that an endpoint is enabled', () => {
    expect(parseSignal(composeEndpointEnabled({ timestamp, endpointId }))).toMatchObject({ type: 'endpoint.enabled' });
  });
});
