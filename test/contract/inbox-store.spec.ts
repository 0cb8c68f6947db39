import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { inboxStoreCases } from '../../src/testing/inbox-store-cases.js';
import { type InboxDatabase, postgresInboxes, sqliteInboxes } from '../support/inbox-databases.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

describe('the inbox on SQLite', () => {
  let database: InboxDatabase;
  beforeAll(async () => {
    database = await sqliteInboxes();
  });
  afterAll(() => database.close());

  it.each(inboxStoreCases)('$name', ({ run }) => run(database.setting()));
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
