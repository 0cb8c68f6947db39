import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../src/database/sqlite-connection.js';
import type { SqliteTurns } from '../../src/database/sqlite-turns.js';
import { SIGNPOST_ENTITIES } from '../../src/producer/entities.js';
import { runMigrations } from '../../src/producer/migrations/run-migrations.js';

export interface TestDatabase {
  dataSource: DataSource;
  turns: SqliteTurns;
  close(): Promise<void>;
}

/** A fresh SQLite file with Signpost's tables, on one connection with turns, as the module sets it up. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: join(directory, 'signpost.db'),
    entities: SIGNPOST_ENTITIES,
  });
  await dataSource.initialize();
  const turns = installSqliteTurns(dataSource);
  await runMigrations(dataSource);
  return {
    dataSource,
    turns,
    close: async () => {
      await turns.close();
      if (dataSource.isInitialized) await dataSource.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
