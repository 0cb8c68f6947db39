import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inboxStoreCases } from '../../src/testing/inbox-store-cases.js';
import { claimOne, entryOf, fetchedEvent, finish, storeNext } from '../../src/testing/inbox-store-setting.js';
import { type InboxDatabase, postgresInboxes, sqliteInboxes } from '../support/inbox-databases.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { isSynced } from '../support/synced-commits.js';

describe('the inbox on SQLite', () => {
  let database: InboxDatabase;
  beforeAll(async () => {
    database = await sqliteInboxes();
  });
  afterAll(() => database.close());

  it.each(inboxStoreCases)('$name', ({ run }) => run(database.setting()));

  it('waits for the disk with what is stored and done, not with leases', async () => {
    const setting = database.setting();
    const { store, producer, dataSource } = setting;
    const event = fetchedEvent();
    expect(await isSynced(dataSource, () => store.acquireDrain(producer, 'node-1', 1_000))).toBe(false);
    expect(await isSynced(dataSource, () => storeNext(setting, [event]))).toBe(true);
    expect(await isSynced(dataSource, () => store.releaseDrain(producer, 'node-1'))).toBe(false);
    const claim = await claimOne(setting);
    expect(await isSynced(dataSource, () => store.renew([claim], 1_000))).toBe(false);
    expect(await isSynced(dataSource, () => finish(setting, claim))).toBe(true);
    expect(await entryOf(setting, event)).toMatchObject({ state: 'done' });
    expect(
      await isSynced(dataSource, () => store.claim({ producer, owner: 'n', limit: 1, leaseMs: 1, released: [] })),
    ).toBe(false);
  });
});

describe('the inbox on PostgreSQL', () => {
  let server: TestPostgres;
  let database: InboxDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    database = await postgresInboxes((await server.createDatabase()).url);
  }, 60_000);
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it.each(inboxStoreCases)('$name', ({ run }) => run(database.setting()));
});
