import type { DataSource, EntityManager, MigrationInterface } from 'typeorm';
import { inInboxSchema } from '../inbox/inbox-tables.js';
import { EndpointRegistration1764000000200 } from './endpoint-registration.js';
import { InboxSchema1764000000100 } from './inbox-schema.js';

/** In the order in which they run. Names and table have TypeORM's own form, so its CLI can run them as well. */
export const RECEIVER_MIGRATIONS: (new () => MigrationInterface & { name: string })[] = [
  InboxSchema1764000000100,
  EndpointRegistration1764000000200,
];
/** The table that says which of them ran; not the application's own. */
export const RECEIVER_MIGRATIONS_TABLE = 'signpost_receiver_migration';

/** Names this work among the advisory locks of a PostgreSQL database: `signpost` in ASCII. */
const ADVISORY_LOCK = String(0x7369676e706f7374n);

/** The inbox was migrated by a later version of Signpost than this one. */
export class SchemaTooNewError extends Error {
  readonly code = 'schema_too_new';

  constructor(unknown: readonly string[]) {
    super(`The inbox has migrations that this version does not know (${unknown.join(', ')}); run the newer version`);
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings the receiver's tables up to date and answers the names of what ran. The library owns its migrations: the application's own
 * migrations and `synchronize` never see these tables. All in one transaction: a crash leaves the old schema.
 *
 * @throws SchemaTooNewError
 */
export async function runReceiverMigrations(dataSource: DataSource): Promise<string[]> {
  if (dataSource.options.type !== 'postgres') return dataSource.transaction((manager) => migrate(manager, SQLITE));
  // Whoever waited for the lock must see what its holder committed: a snapshot per statement, whatever the database's default is.
  return dataSource.transaction('READ COMMITTED', async (manager) => {
    // Nodes that start together take turns. Even CREATE TABLE IF NOT EXISTS fails if two do it at the same time.
    await manager.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    return migrate(manager, POSTGRES);
  });
}

const SQLITE = { id: 'integer PRIMARY KEY AUTOINCREMENT NOT NULL', parameters: '?, ?' };
const POSTGRES = { id: 'SERIAL PRIMARY KEY', parameters: '$1, $2' };

async function migrate(manager: EntityManager, { id, parameters }: typeof SQLITE): Promise<string[]> {
  const table = inInboxSchema(manager.dataSource.options, RECEIVER_MIGRATIONS_TABLE);
  await manager.query(
    `CREATE TABLE IF NOT EXISTS ${table} (id ${id}, timestamp bigint NOT NULL, name varchar NOT NULL)`,
  );
  const rows = await manager.query<{ name: string }[]>(`SELECT name FROM ${table}`);
  const done = new Set(rows.map((row) => row.name));
  const migrations = RECEIVER_MIGRATIONS.map((Migration) => new Migration());
  const unknown = [...done].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);

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
