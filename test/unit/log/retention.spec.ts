import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IdGenerator } from '../../../src/protocol/ids.js';
import { Retention } from '../../../src/producer/log/retention.js';
import { SqliteEventStore } from '../../../src/producer/log/sqlite-event-store.js';
import { anEvent } from '../../contract/event-store.contract.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const DAY = 86_400_000;
const everything = { tenant: 'acme', types: [['*']] };

describe('retention', () => {
  let database: TestDatabase;
  let store: SqliteEventStore;
  beforeEach(async () => {
    database = await openTestDatabase();
    store = new SqliteEventStore(database.turns);
  });
  afterEach(() => database.close());

  it('removes payloads at their time and rows at twice their time, in batches, and says that copies must go', async () => {
    const ids = new IdGenerator();
    let now = 100 * DAY;
    let dropped = 0;
    const pruned: number[] = [];
    const retention = new Retention(
      store,
      { retentionMs: 10 * DAY, now: () => now },
      [(limit) => Promise.resolve(pruned.push(limit) < 3 ? limit : 0)],
      () => (dropped += 1),
    );
    const old = Array.from({ length: 1_200 }, () => anEvent({ id: ids.next('evt'), recordedAt: 85 * DAY }));
    const young = anEvent({ recordedAt: 95 * DAY });
    await store.appendAlone(old);
    await store.appendAlone([young]);

    expect(await retention.runOnce()).toEqual({ expired: 1_200, forgotten: 0 });
    expect(dropped).toBe(3);
    expect(pruned).toHaveLength(3);
    expect((await store.readPage({ ...everything, after: 0, limit: 10 })).events.map((event) => event.id)).toEqual([
      young.id,
    ]);

    now = 106 * DAY;
    expect(await retention.runOnce()).toEqual({ expired: 1, forgotten: 1_200 });
    expect(await store.readOne(young.id, everything)).toMatchObject({ gone: 'expired' });
  });

  it('a database that fails ends nothing: it is reported, and there is a next time', async () => {
    let calls = 0;
    const failing = {
      prune: () => {
        calls += 1;
        return Promise.reject(new Error('locked'));
      },
    } as unknown as SqliteEventStore;
    const retention = new Retention(failing, { retentionMs: DAY, now: Date.now }, []);
    retention.start();
    await retention.stop();
    retention.start();
    await retention.stop();
    expect(calls).toBe(2);
  });
});
