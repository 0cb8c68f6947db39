import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { IdGenerator } from '../../src/protocol/ids.js';
import { SqliteErasureStore } from '../../src/producer/log/sqlite-erasure-store.js';
import { SqliteEventStore } from '../../src/producer/log/sqlite-event-store.js';
import { openTestDatabase } from '../support/database.js';
import { postgresFixtures, type PostgresFixtures } from '../support/postgres-database.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { erasureStoreContract } from './erasure-store.contract.js';
import { anEvent } from './event-store.contract.js';

const ids = new IdGenerator();
const subject = 'anna';

describe('erasures on SQLite', () => {
  erasureStoreContract(async () => {
    const { dataSource, turns, close } = await openTestDatabase();
    return { dataSource, store: new SqliteErasureStore(turns), events: new SqliteEventStore(turns), close };
  });

  it('a batch of large payloads is short, and none is left out', async () => {
    const { turns, close } = await openTestDatabase();
    const [store, events] = [new SqliteErasureStore(turns), new SqliteEventStore(turns)];
    const large = () => anEvent({ subject, data: JSON.stringify('x'.repeat(1_000_000)) });
    await events.appendAlone(Array.from({ length: 7 }, large));
    const id = ids.next('era');
    await store.accept({ id, tenant: 'acme', subject, acceptedAt: 1 });
    const erased: number[] = [];
    for (let more = true; more;) {
      more = await store.eraseSome(id, 2);
      erased.push((await store.state(id))?.events ?? 0);
    }
    expect(erased).toEqual([3, 6, 7]);
    await close();
  });

  it('leaves the connection’s way of deleting as it was', async () => {
    const { turns, close } = await openTestDatabase();
    const store = new SqliteErasureStore(turns);
    const id = ids.next('era');
    await store.accept({ id, tenant: 'acme', subject, acceptedAt: 1 });
    const before = await turns.read('test', (db) => db.pragma('secure_delete', { simple: true }));
    await store.eraseSome(id, 2);
    expect(await turns.read('test', (db) => db.pragma('secure_delete', { simple: true }))).toBe(before);
    await close();
  });

  it('says so when another program keeps the write-ahead log from being cut', async () => {
    const { dataSource, turns, close } = await openTestDatabase();
    const [store, events] = [new SqliteErasureStore(turns), new SqliteEventStore(turns)];
    const { database } = dataSource.options as { database: string };
    const reader = await new DataSource({ type: 'better-sqlite3', database }).initialize();
    await events.appendAlone([anEvent({ subject })]);
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM signpost_event');
    await events.appendAlone([anEvent({ subject })]);
    await expect(store.overwrite()).rejects.toMatchObject({ code: 'not_overwritten' });
    await reader.query('COMMIT');
    await store.overwrite();
    await reader.destroy();
    await close();
  });
});

describe('erasures on PostgreSQL', () => {
  let server: TestPostgres;
  let fixtures: PostgresFixtures;
  beforeAll(async () => {
    server = await startPostgres();
    fixtures = await postgresFixtures(server);
  });
  afterAll(async () => {
    await fixtures?.end();
    await server?.stop();
  });

  erasureStoreContract(async () => {
    const { dataSource, database, close } = await fixtures.open();
    return { dataSource, store: database.erasures, events: database.events, close };
  });

  it('an event that is committed but has no position yet is erased before it gets one', async () => {
    const { dataSource, database, close } = await fixtures.open();
    const event = anEvent({ subject });
    // As a node leaves it that dies between its commit and its sequencing.
    await dataSource.query(
      `WITH e AS (INSERT INTO signpost_event (partition, id, tenant, type, subject, occurred_at, recorded_at, data)
         VALUES (0, $1, 'acme', 'a', 'anna', 1, 1, '"secret"') RETURNING partition, ordinal)
       INSERT INTO signpost_outbox (partition, xid, ordinal) SELECT partition, pg_current_xact_id(), ordinal FROM e`,
      [event.id],
    );
    const id = ids.next('era');
    await database.erasures.accept({ id, tenant: 'acme', subject, acceptedAt: 1 });
    await database.erasures.eraseSome(id, 2);
    expect(await dataSource.query('SELECT 1 FROM signpost_outbox')).toHaveLength(1);
    await database.start();
    // Publishing gives positions to what waits.
    await database.events.appendAlone([anEvent({ subject: null })]);
    const page = await database.events.readPage({ tenant: 'acme', types: [['*']], after: 0, limit: 10 });
    expect(page.events.map(({ gone }) => gone)).toEqual(['erased', null]);
    await close();
  });

  it('finds a subject by its own index in a large log', async () => {
    const { dataSource, close } = await fixtures.open();
    await dataSource.query(
      `INSERT INTO signpost_event (partition, id, tenant, type, subject, occurred_at, recorded_at, data)
       SELECT 0, 'evt_' || n, 'acme', 'a', 'subject-' || n % 1000, 1, 1, '{}' FROM generate_series(1, 20000) n`,
    );
    await dataSource.query('ANALYZE signpost_event');
    const plan = await dataSource.query<Record<string, string>[]>(
      `EXPLAIN SELECT ordinal FROM signpost_event WHERE tenant = 'acme' AND subject = 'subject-7' AND ordinal > 0
       AND ordinal <= 20000 ORDER BY ordinal LIMIT 500`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('signpost_event_subject');
    await close();
  });
});
