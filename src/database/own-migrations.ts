import type { DataSource, EntityManager, MigrationInterface } from 'typeorm';
import { inSchema } from './schema-name.js';

export type OwnMigration = new () => MigrationInterface & { name: string };

/** Migrations that the library runs itself, past the application's own. */
export interface OwnMigrations {
  /** In the order in which they run. Names and table have TypeORM's own form, so its command line can run them as well. */
  migrations: readonly OwnMigration[];
  /** The table that says which of them ran. */
  table: string;
  /** What the tables are for, in an error's words. */
  what: string;
}

/** Names this work among the advisory locks of a PostgreSQL database: `signpost` in ASCII. */
const ADVISORY_LOCK = String(0x7369676e706f7374n);

/** The database was migrated by a later version of Signpost than this one. */
export class SchemaTooNewError extends Error {
  readonly code = 'schema_too_new';

  constructor(what: string, unknown: readonly string[]) {
    super(`${what} has migrations that this version does not know (${unknown.join(', ')}); run the newer version`);
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings tables up to date and answers the names of what ran. The application's own migrations and `synchronize` never see these tables.
 * All in one transaction: a crash leaves the old schema.
 *
 * @throws SchemaTooNewError
 */
export async function runOwnMigrations(dataSource: DataSource, own: OwnMigrations): Promise<string[]> {
  if (dataSource.options.type !== 'postgres') return dataSource.transaction((manager) => migrate(manager, own, SQLITE));
  // Whoever waited for the lock must see what its holder committed: a snapshot per statement, whatever the database's default is.
  return dataSource.transaction('READ COMMITTED', async (manager) => {
    // Nodes that start together take turns. Even CREATE TABLE IF NOT EXISTS fails if two do it at the same time.
    await manager.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    return migrate(manager, own, POSTGRES);
  });
}

const SQLITE = { id: 'integer PRIMARY KEY AUTOINCREMENT NOT NULL', parameters: '?, ?' };
const POSTGRES = { id: 'SERIAL PRIMARY KEY', parameters: '$1, $2' };

/** PostgreSQL asks for the right to create tables even where there is nothing to create, and a role that only runs nodes need not have it. */
async function isThere(manager: EntityManager, table: string): Promise<boolean> {
  if (manager.dataSource.options.type !== 'postgres') return false;
  const [row] = await manager.query<{ there: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  return row?.there ?? false;
}

async function migrate(manager: EntityManager, own: OwnMigrations, { id, parameters }: typeof SQLITE) {
  const table = inSchema(manager.dataSource.options, own.table);
  if (!(await isThere(manager, table))) {
    await manager.query(
      `CREATE TABLE IF NOT EXISTS ${table} (id ${id}, timestamp bigint NOT NULL, name varchar NOT NULL)`,
    );
  }
  const rows = await manager.query<{ name: string }[]>(`SELECT name FROM ${table}`);
  const done = new Set(rows.map((row) => row.name));
  const migrations = own.migrations.map((Migration) => new Migration());
  const unknown = [...done].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) throw new SchemaTooNewError(own.what, unknown);

  const ran: string[] = [];
  for (const migration of migrations) {
    if (done.has(migration.name) || !manager.queryRunner) continue;
    await migration.up(manager.queryRunner);
    await manager.query(`INSERT INTO ${table} (timestamp, name) VALUES (${parameters})`, [
      Number(/\d+$/.exec(migration.name)?.[0] ?? 0),
      migration.name,
    ]);
    ran.push(migration.name);
  }
  return ran;
}
