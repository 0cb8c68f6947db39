import { DataSource } from 'typeorm';
import { GivenClock } from '../../src/database/postgres-clock.js';
import { IdGenerator } from '../../src/protocol/ids.js';
import { SIGNPOST_ENTITIES } from '../../src/producer/entities.js';
import { runMigrations } from '../../src/producer/migrations/run-migrations.js';
import { PostgresDatabase, type PostgresDatabaseSettings } from '../../src/producer/postgres-database.js';
import type { TestPostgres } from './postgres.js';

export interface PostgresFixture {
  dataSource: DataSource;
  database: PostgresDatabase;
  /** As another node has it. */
  another(over?: Partial<PostgresDatabaseSettings>): Promise<PostgresDatabase>;
  close(): Promise<void>;
}

/** One database of the server for a suite, emptied for each test: a new one each time would take longer than the tests. */
export async function postgresFixtures(server: TestPostgres) {
  const { url, drop } = await server.createDatabase();
  const dataSource = await new DataSource({ type: 'postgres', url, entities: SIGNPOST_ENTITIES }).initialize();
  await runMigrations(dataSource);
  const tables = await dataSource.query<{ tablename: string }[]>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'signpost\\_%' AND tablename <> 'signpost_migration'`,
  );
  const empty = `TRUNCATE ${tables.map(({ tablename }) => tablename).join(', ')} RESTART IDENTITY`;
  return {
    url,
    dataSource,
    async open(over: Partial<PostgresDatabaseSettings> = {}): Promise<PostgresFixture> {
      await dataSource.query(empty);
      const opened: PostgresDatabase[] = [];
      const another = async (also: Partial<PostgresDatabaseSettings> = {}) => {
        const database = await PostgresDatabase.open(dataSource, new IdGenerator(), {
          ...postgresSettings(),
          ...over,
          ...also,
        });
        opened.push(database);
        return database;
      };
      return {
        dataSource,
        database: await another(),
        another,
        close: async () => {
          for (const database of opened) {
            await database.stop();
            await database.close();
          }
        },
      };
    },
    async end(): Promise<void> {
      await dataSource.destroy();
      await drop();
    },
  };
}

export type PostgresFixtures = Awaited<ReturnType<typeof postgresFixtures>>;

export function postgresSettings(): PostgresDatabaseSettings {
  return {
    dispatch: {
      retrySchedule: [5_000],
      confirmSchedule: [300_000],
      disableAfterMs: 432_000_000,
      leaseMs: 60_000,
      pollIntervalMs: 1_000,
    },
    poolSize: 4,
    partitions: 1,
    listenUrl: undefined,
    clock: new GivenClock(() => Date.now()),
    random: () => 0.5,
    heard: () => undefined,
  };
}
