import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import { installSqliteTurns } from '../../src/database/sqlite-connection.js';
import { RECEIVER_ENTITIES } from '../../src/receiver/inbox/entities.js';
import { InboxEntity } from '../../src/receiver/inbox/inbox.entity.js';
import type { InboxStore } from '../../src/receiver/inbox/inbox-store.js';
import { PostgresInboxStore } from '../../src/receiver/inbox/postgres-inbox-store.js';
import { SqliteInboxStore } from '../../src/receiver/inbox/sqlite-inbox-store.js';
import { runReceiverMigrations } from '../../src/receiver/migrations/run-receiver-migrations.js';
import { claimOne, fetchedEvent, storeNext } from '../../src/testing/inbox-store-setting.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

interface Host {
  dataSource: DataSource;
  store: InboxStore;
}

async function open(options: DataSourceOptions): Promise<Host> {
  const dataSource = await new DataSource({ ...options, entities: RECEIVER_ENTITIES }).initialize();
  const turns = options.type === 'postgres' ? undefined : installSqliteTurns(dataSource);
  const schema = options.type === 'postgres' ? options.schema : undefined;
  if (schema !== undefined) await dataSource.query(`CREATE SCHEMA "${schema}"`);
  await runReceiverMigrations(dataSource);
  return { dataSource, store: turns ? new SqliteInboxStore(turns, Date.now) : new PostgresInboxStore(dataSource) };
}

const onSqlite = (over: { logger?: Logger } = {}) => open({ type: 'better-sqlite3', database: ':memory:', ...over });
const onPostgres = async (over: { logger?: Logger; schema?: string } = {}) =>
  open({ type: 'postgres', url: (await server.createDatabase()).url, ...over });

describe.each([
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
  ['PostgreSQL, in a schema of its own', () => onPostgres({ schema: 'The App' })],
])('the inbox in a host on %s', (_, openHost) => {
  it('is read with a repository', async () => {
    const { dataSource, store } = await openHost();
    const event = fetchedEvent({ subject: 'inv-1', redacted: ['/email'] });
    const setting = { store, producer: 'default' };
    await storeNext(setting, [event]);
    const repository = dataSource.getRepository(InboxEntity);
    const { producer, subject } = { producer: 'default', subject: 'inv-1' };
    const waiting = await repository.findOneByOrFail({ producer, subject, state: 'waiting' });
    expect({ ...waiting }).toEqual(await store.get('default', event.id));

    const claim = await claimOne(setting);
    expect(await dataSource.transaction((manager) => store.markDone(manager, claim))).toBe(true);
    const done = await repository.findOneByOrFail({ state: 'done', ordinal: claim.entry.ordinal });
    expect(done.finishedAt).toBeGreaterThan(0);
    expect(await store.sweep('default')).toBe(0);
    expect(await store.counts('default')).toMatchObject({ done: 1 });
    await dataSource.destroy();
  });

  it('is left alone by synchronize', async () => {
    const { dataSource, store } = await openHost();
    await storeNext({ store, producer: 'default' }, [fetchedEvent()]);
    await dataSource.synchronize();
    expect(await store.counts('default')).toMatchObject({ waiting: 1 });
    await dataSource.destroy();
  });
});

/** Takes all that TypeORM logs at its most talkative. */
function recorder(): { logger: Logger; text: () => string } {
  const lines: unknown[] = [];
  const take = (...said: unknown[]) => void lines.push(said.slice(0, -1));
  const logger: Logger = {
    logQuery: take,
    logQueryError: take,
    logQuerySlow: take,
    logSchemaBuild: take,
    logMigration: take,
    log: take,
  };
  return { logger, text: () => JSON.stringify(lines) };
}

describe.each([
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
])('payloads on %s', (_, openHost) => {
  it('reach neither the logger of the host nor an error', async () => {
    const { logger, text } = recorder();
    const { dataSource, store } = await openHost({ logger });
    const setting = { store, producer: 'default' };
    const canary = 'canary-5f1c';
    await storeNext(setting, [fetchedEvent({ data: JSON.stringify(canary) })]);
    const claim = await claimOne(setting);
    await dataSource.transaction((manager) => store.markDone(manager, claim));

    await dataSource.query('DROP INDEX signpost_inbox_event');
    const after = await store.cursor('default');
    const page = { after, cursor: 'c', events: [fetchedEvent({ data: JSON.stringify(canary) })] };
    const error = await store.storePage('default', page).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining('ON CONFLICT') });
    const { message, stack, ...properties } = error as Error;
    expect(JSON.stringify([message, stack, properties])).not.toContain(canary);
    expect(text()).toContain('signpost_inbox');
    expect(text()).not.toContain(canary);
    await dataSource.destroy();
  });
});
