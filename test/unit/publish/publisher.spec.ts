import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IdGenerator, isId } from '../../../src/protocol/ids.js';
import { AppendNotifier } from '../../../src/producer/log/append-notifier.js';
import { SqliteEventStore } from '../../../src/producer/log/sqlite-event-store.js';
import type { EventInput } from '../../../src/producer/publish/event-input.js';
import { Publisher } from '../../../src/producer/publish/publisher.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const everything = { tenant: 'default', types: [['*']] };

describe('the publisher', () => {
  let database: TestDatabase;
  let store: SqliteEventStore;
  let publisher: Publisher;
  let wakes: number;

  beforeEach(async () => {
    database = await openTestDatabase();
    store = new SqliteEventStore(database.turns);
    const notifier = new AppendNotifier();
    wakes = 0;
    notifier.listen(() => (wakes += 1));
    publisher = new Publisher(store, new IdGenerator(), notifier, () => 1_700_000_000_000);
  });
  afterEach(() => database.close());

  const refusal = async (event: Partial<EventInput> & Record<string, unknown>): Promise<unknown> =>
    publisher.publishAlone([{ type: 'a.b', data: {}, ...event } as EventInput]).catch((error: unknown) => error);

  it('publishes in the application’s transaction and wakes after its commit, never before', async () => {
    let inside: number | undefined;
    const appended = await database.dataSource.transaction(async (manager) => {
      const event = await publisher.publish(manager, { type: 'invoice.paid', subject: 'inv_1', data: { amount: 42 } });
      inside = wakes;
      return event;
    });
    expect(inside).toBe(0);
    expect(wakes).toBe(1);
    expect(isId('evt', appended.id)).toBe(true);
    expect(await store.readOne(appended.id, everything)).toMatchObject({
      subject: 'inv_1',
      data: '{"amount":42}',
      occurredAt: 1_700_000_000_000,
      recordedAt: 1_700_000_000_000,
    });
  });

  it('wakes nobody for a transaction that rolls back', async () => {
    await database.dataSource
      .transaction(async (manager) => {
        await publisher.publish(manager, { type: 'a', data: 1 });
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(wakes).toBe(0);
    expect((await store.bounds()).head).toBe(0);
  });

  it('refuses the DataSource’s own manager: that would be no transaction', async () => {
    await expect(publisher.publish(database.dataSource.manager, { type: 'a', data: 1 })).rejects.toMatchObject({
      name: 'NotInTransactionError',
    });
  });

  it('a batch is all or nothing, and wakes once', async () => {
    await expect(
      publisher.publishAlone([
        { type: 'a', data: 1 },
        { type: 'not a type', data: 1 },
      ]),
    ).rejects.toThrow('/type');
    expect((await store.bounds()).head).toBe(0);
    await publisher.publishAlone([
      { type: 'a', data: 1 },
      { type: 'b', data: 2 },
    ]);
    expect((await store.bounds()).head).toBe(2);
    expect(wakes).toBe(1);
  });

  it('the same idempotency key gives the first event, also without a time of its own; other content is refused', async () => {
    const event = { type: 'a', data: { n: 1 }, idempotencyKey: 'k' };
    const [first] = await publisher.publishAlone([event]);
    const [again] = await publisher.publishAlone([event]);
    expect(again).toEqual({ ...first, repeated: true });
    expect(wakes).toBe(1);
    for (const other of [
      { data: { n: 2 } },
      { type: 'b' },
      { tenant: 'x' },
      { subject: 's' },
      { occurredAt: new Date(0) },
    ]) {
      await expect(publisher.publishAlone([{ ...event, ...other }])).rejects.toMatchObject({
        code: 'idempotency_conflict',
      });
    }
  });

  it.each([
    ['/type', { type: 'no spaces' }],
    ['/type', { type: '' }],
    ['/tenant', { tenant: 'a/b' }],
    ['/subject', { subject: '' }],
    ['/subject', { subject: 'x'.repeat(513) }],
    ['/subject', { subject: 'a\nb' }],
    ['/occurredAt', { occurredAt: 'yesterday' }],
    ['/idempotencyKey', { idempotencyKey: 'with space' }],
    ['/data/list/1', { data: { list: [1, Number.NaN] } }],
    ['/data', { data: undefined }],
    ['/data/n', { data: { n: 10n } }],
  ])('names the member at fault: %s', async (pointer, event) => {
    expect(await refusal(event)).toMatchObject({ code: 'invalid_event', pointer });
    expect((await store.bounds()).head).toBe(0);
  });

  it('keeps given JSON text byte for byte and drops a malformed trace context', async () => {
    const dataText = '{"b":1.0, "2":[ 1e3 ],"a":"\\u00e9","__proto__":{}}';
    const [appended] = await publisher.publishAlone([{ type: 'a', dataText, traceparent: 'nonsense' }]);
    const read = appended && (await store.readOne(appended.id, everything));
    expect(read?.data).toBe(dataText);
  });
});
