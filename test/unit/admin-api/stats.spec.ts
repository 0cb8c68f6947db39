import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeCursor } from '../../../src/protocol/cursor.js';
import type { StatsDocument } from '../../../src/producer/admin-api/stats.view.js';
import { openAdminApi, type AdminApi } from './admin-api.js';

const MINUTE = 60_000;

describe('the figures of the admin API', () => {
  let api: AdminApi;
  beforeEach(async () => {
    api = await openAdminApi('fastify');
  });
  afterEach(() => api.close());

  const read = async (): Promise<StatsDocument> => {
    const { status, body } = await api.call('get', '/stats');
    expect([status, body]).toEqual([200, body]);
    return body as StatsDocument;
  };
  const endpointOf = async (receiver: Awaited<ReturnType<AdminApi['receivers']['create']>>) =>
    (await api.endpoints.create(receiver.id, { url: 'http://127.0.0.1:9/', eventTypes: ['*'] })).id;
  const attempt = (endpoint: string, at: number) =>
    api.dataSource.query(
      `INSERT INTO signpost_signal (endpoint_id, signal_id, kind, event_count, attempt, sent_at, outcome, latency_ms)
       VALUES (?, 'sig_1', 'events', 1, 1, ?, 'failed', 1)`,
      [endpoint, at],
    );

  it('are zeros in an empty installation', async () => {
    const { head, oldest, partitions, ...figures } = await read();
    expect(partitions).toEqual([{ head, oldest, events: 0 }]);
    expect([decodeCursor(head).position, decodeCursor(oldest).position]).toEqual([0, 0]);
    expect(figures).toEqual({
      events: 0,
      receivers: 0,
      endpoints: { active: 0, pending: 0, paused: 0, disabled: 0 },
      lag: [],
      rates: { events: { lastMinute: 0, lastHour: 0 }, signals: { lastMinute: 0, lastHour: 0 } },
    });
  });

  it('count endpoints by their state', async () => {
    const receiver = await api.receivers.create({ name: 'r' });
    const [, second] = [await endpointOf(receiver), await endpointOf(receiver)];
    await api.endpoints.pause(second);
    expect(await read()).toMatchObject({ receivers: 1, endpoints: { active: 1, paused: 1, disabled: 0, pending: 0 } });
  });

  it('list endpoints with the one furthest behind first, and when it is tried again', async () => {
    const receiver = await api.receivers.create({ name: 'r' });
    const [near, far] = [await endpointOf(receiver), await endpointOf(receiver)];
    await api.publish(7);
    await api.setPosition(near, { signalled_through: 6, head: 7 });
    const failingSince = api.clock.now - 5_000;
    await api.setPosition(far, {
      signalled_through: 2,
      head: 7,
      attempt: 3,
      failing_since: failingSince,
      due_at: failingSince + 9_000,
    });
    const { lag, head, events } = await read();
    expect([decodeCursor(head).position, events]).toEqual([7, 7]);
    expect(lag.map((row) => ({ ...row, signalledThrough: decodeCursor(row.signalledThrough).position }))).toEqual([
      {
        endpoint: far,
        receiver: receiver.id,
        state: 'active',
        signalledThrough: 2,
        head,
        lag: 5,
        dueAt: new Date(failingSince + 9_000).toISOString(),
        attempt: 3,
        failingSince: new Date(failingSince).toISOString(),
      },
      expect.objectContaining({
        endpoint: near,
        signalledThrough: 6,
        lag: 1,
        dueAt: null,
        attempt: 0,
        failingSince: null,
      }),
    ]);
  });

  it('list 100 endpoints at most', async () => {
    const receiver = await api.receivers.create({ name: 'r' });
    for (let n = 0; n < 101; n++) await endpointOf(receiver);
    expect((await read()).lag).toHaveLength(100);
  });

  it('count what was published and sent within the last minute and the last hour', async () => {
    const endpoint = await endpointOf(await api.receivers.create({ name: 'r' }));
    const now = api.clock.now;
    for (const [at, count] of [
      [now - 61 * MINUTE, 11],
      [now - 60 * MINUTE, 5],
      [now - MINUTE - 1, 3],
      [now - MINUTE, 2],
      [now, 1],
    ] as const) {
      api.clock.now = at;
      await api.publish(count);
      for (let n = 0; n < 2 * count; n++) await attempt(endpoint, at);
    }
    expect((await read()).rates).toEqual({
      events: { lastMinute: 3, lastHour: 11 },
      signals: { lastMinute: 6, lastHour: 22 },
    });
  });

  it('leave out what retention took from the old end of the log', async () => {
    await api.publish(8);
    api.clock.now += 30 * MINUTE;
    await api.publish(4);
    await api.dataSource.query('DELETE FROM signpost_event WHERE ordinal <= 5');
    expect((await read()).rates.events).toEqual({ lastMinute: 4, lastHour: 7 });
  });
});
