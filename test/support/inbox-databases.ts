import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../src/database/sqlite-connection.js';
import type { EventId } from '../../src/protocol/ids.js';
import { RECEIVER_ENTITIES } from '../../src/receiver/inbox/entities.js';
import { PostgresInboxStore } from '../../src/receiver/inbox/postgres-inbox-store.js';
import { SqliteInboxStore } from '../../src/receiver/inbox/sqlite-inbox-store.js';
import { runReceiverMigrations } from '../../src/receiver/migrations/run-receiver-migrations.js';
import type { InboxStoreSetting } from '../../src/testing/inbox-store-setting.js';
import { ManualClock } from './clock.js';

/** A database with the receiver's tables; each setting of it has a producer name of its own. */
export interface InboxDatabase {
  setting(): InboxStoreSetting;
  close(): Promise<void>;
}

let producers = 0;

/** One process, one connection. */
export async function sqliteInboxes(): Promise<InboxDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-inbox-'));
  const database = join(directory, 'inbox.db');
  const dataSource = await new DataSource({
    type: 'better-sqlite3',
    database,
    entities: RECEIVER_ENTITIES,
  }).initialize();
  const turns = installSqliteTurns(dataSource);
  await runReceiverMigrations(dataSource);
  const clock = new ManualClock();
  const store = new SqliteInboxStore(turns, clock.now);
  return {
    setting: () => ({
      store,
      other: store,
      dataSource,
      producer: `producer-${++producers}`,
      overlapping: false,
      advance: (ms) => Promise.resolve(clock.advance(ms)),
      // Nothing can come between the parts of a page.
      holdBack: () => Promise.resolve(() => Promise.resolve()),
    }),
    close: async () => {
      await turns.close();
      await dataSource.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Transactions of the two stores overlap: each statement outside one takes whatever connection of the pool is free. */
export async function postgresInboxes(url: string): Promise<InboxDatabase> {
  const connect = () => new DataSource({ type: 'postgres', url, entities: RECEIVER_ENTITIES }).initialize();
  const [dataSource, second] = [await connect(), await connect()];
  await Promise.all([runReceiverMigrations(dataSource), runReceiverMigrations(second)]);
  return {
    setting: () => {
      const producer = `producer-${++producers}`;
      return {
        store: new PostgresInboxStore(dataSource),
        other: new PostgresInboxStore(dataSource),
        dataSource,
        producer,
        overlapping: true,
        advance: (ms) => age(second, producer, ms),
        holdBack: (id) => heldBack(second, producer, id),
      };
    },
    close: async () => {
      await dataSource.destroy();
      await second.destroy();
    },
  };
}

/** The database's clock cannot be moved; everything that is measured by it can. */
async function age(dataSource: DataSource, producer: string, ms: number): Promise<void> {
  await dataSource.query(
    `UPDATE signpost_inbox SET due_at = due_at - $2, fetched_at = fetched_at - $2, finished_at = finished_at - $2 WHERE producer = $1`,
    [producer, Math.round(ms)],
  );
  await dataSource.query('UPDATE signpost_inbox_cursor SET drain_until = drain_until - $2 WHERE producer = $1', [
    producer,
    Math.round(ms),
  ]);
}

/** A row of the same key that is not committed: whoever inserts it waits to see what becomes of it. */
async function heldBack(dataSource: DataSource, producer: string, id: EventId): Promise<() => Promise<void>> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `INSERT INTO signpost_inbox (producer, event_id, type, tenant, occurred_at, recorded_at, cursor, open, ready, due_at, fetched_at, data)
     VALUES ($1, $2, 'held.back', 'test', 0, 0, '', true, false, 0, 0, 'null')`,
    [producer, id],
  );
  return async () => {
    await runner.rollbackTransaction();
    await runner.release();
  };
}
