import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isId, type ReceiverId } from '../../../src/protocol/ids.js';
import { NotFoundError } from '../../../src/producer/subscriptions/errors.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

const UNKNOWN = 'rcv_00000000000000000000000000' as ReceiverId;

describe('a receiver', () => {
  let db: Subscriptions;
  beforeEach(async () => void (db = await openSubscriptions()));
  afterEach(() => db.close());

  it('belongs to the default tenant and may read everything, unless said otherwise', async () => {
    const plain = await db.receivers.create({ name: 'Acme' });
    expect(plain).toEqual({
      id: plain.id,
      tenant: 'default',
      name: 'Acme',
      eventTypes: ['*'],
      createdAt: '2026-11-23T17:30:00.000Z',
      updatedAt: '2026-11-23T17:30:00.000Z',
    });
    expect(isId('rcv', plain.id)).toBe(true);
    const narrow = await db.receivers.create({ tenant: 'acme', name: 'Acme', eventTypes: ['invoice.*', 'a.b'] });
    expect(await db.receivers.get(narrow.id)).toEqual({ ...narrow, tenant: 'acme', eventTypes: ['invoice.*', 'a.b'] });
  });

  it('is listed in the order of creation, page by page, for one tenant or all', async () => {
    const created: string[] = [];
    for (const tenant of ['a', 'b', 'a', 'b', 'a'])
      created.push((await db.receivers.create({ tenant, name: tenant })).id);
    const first = await db.receivers.list({ limit: 2 });
    const second = await db.receivers.list({ limit: 3, after: first.cursor ?? '' });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(created);
    expect([first.more, second.more]).toEqual([true, false]);
    const ofA = await db.receivers.list({ tenant: 'a', limit: 10 });
    expect(ofA.items.map(({ id }) => id)).toEqual([created[0], created[2], created[4]]);
    expect(await db.receivers.list({ limit: 10, after: second.cursor ?? '' })).toEqual({
      items: [],
      cursor: null,
      more: false,
    });
  });

  it('keeps what an update leaves out', async () => {
    const { id } = await db.receivers.create({ name: 'Acme', eventTypes: ['a.*'] });
    db.clock.now = START + 1_500;
    await db.receivers.update(id, { name: 'Acme Inc.' });
    await db.receivers.update(id, { eventTypes: ['b'] });
    expect(await db.receivers.get(id)).toMatchObject({
      name: 'Acme Inc.',
      eventTypes: ['b'],
      createdAt: '2026-11-23T17:30:00.000Z',
      updatedAt: '2026-11-23T17:30:01.500Z',
    });
  });

  it('gives its endpoints a new version when its event types change, and only then', async () => {
    const { id } = await db.receivers.create({ name: 'Acme' });
    const endpoint = await db.endpoints.create(id, { url: 'https://example.com/', eventTypes: ['*'] });
    const version = async () => {
      const [row] = await db.dataSource.query<{ version: number }[]>(
        'SELECT version FROM signpost_endpoint WHERE id = ?',
        [endpoint.id],
      );
      return row?.version;
    };
    await db.receivers.update(id, { name: 'New name' });
    expect(await version()).toBe(1);
    await db.receivers.update(id, { eventTypes: ['invoice.*'] });
    expect(await version()).toBe(2);
  });

  it('takes its endpoints, credentials, position and attempt log with it', async () => {
    const kept = await db.receivers.create({ name: 'kept' });
    const gone = await db.receivers.create({ name: 'gone' });
    for (const { id } of [kept, gone]) {
      const endpoint = await db.endpoints.create(id, { url: 'https://example.com/', eventTypes: ['a', 'b'] });
      await db.credentials.create(id, { name: 'key' });
      await db.dataSource.query('INSERT INTO signpost_receiver_position VALUES (?, 1, 1)', [id]);
      await db.dataSource.query('INSERT INTO signpost_receipt VALUES (?, 5, 0)', [id]);
      await db.turns.step('attempts', () => {
        for (let n = 0; n < 1_500; n++) {
          db.turns
            .prepare(
              `INSERT INTO signpost_signal (endpoint_id, signal_id, kind, event_count, attempt, sent_at, outcome, latency_ms)
               VALUES (?, 'sig', 'events', 1, 1, 1, 'acknowledged', 1)`,
            )
            .run(endpoint.id);
        }
      });
    }
    const told: string[] = [];
    db.changes.subscribe((receiver) => told.push(receiver));
    await db.receivers.remove(gone.id);
    const counts: Record<string, number> = {};
    for (const table of [
      'receiver',
      'endpoint',
      'endpoint_filter',
      'endpoint_secret',
      'endpoint_position',
      'credential',
      'receiver_position',
      'receipt',
      'signal',
    ]) {
      const [row] = await db.dataSource.query<{ n: number }[]>(`SELECT count(*) AS n FROM signpost_${table}`);
      counts[table] = row?.n ?? -1;
    }
    expect(counts).toEqual({
      receiver: 1,
      endpoint: 1,
      endpoint_filter: 2,
      endpoint_secret: 1,
      endpoint_position: 1,
      credential: 1,
      receiver_position: 1,
      receipt: 1,
      signal: 1_500,
    });
    expect(told).toEqual([gone.id]);
    await expect(db.receivers.get(gone.id)).rejects.toThrow(NotFoundError);
  });

  it('that does not exist is named in the error', async () => {
    for (const attempt of [
      () => db.receivers.get(UNKNOWN),
      () => db.receivers.update(UNKNOWN, { name: 'x' }),
      () => db.receivers.remove(UNKNOWN),
      () => db.endpoints.create(UNKNOWN, { url: 'https://example.com/', eventTypes: ['*'] }),
      () => db.endpoints.list(UNKNOWN, { limit: 1 }),
      () => db.credentials.create(UNKNOWN, { name: 'x' }),
      () => db.credentials.list(UNKNOWN, { limit: 1 }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found', kind: 'receiver', id: UNKNOWN });
    }
  });
});
