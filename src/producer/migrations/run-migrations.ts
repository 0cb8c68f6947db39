import type { DataSource, EntityManager, MigrationInterface } from 'typeorm';
import { InitialSchema1764000000000 } from './initial-schema.js';

/** In the order in which they run. Names and table have TypeORM's own form, so its CLI can run them as well. */
export const SIGNPOST_MIGRATIONS: (new () => MigrationInterface & { name: string })[] = [InitialSchema1764000000000];
/** The table that says which of them ran; not the application's own. */
export const SIGNPOST_MIGRATIONS_TABLE = 'signpost_migration';

/** The database was migrated by a later version of Signpost than this one. */
export class SchemaTooNewError extends Error {
  readonly code = 'schema_too_new';

  constructor(unknown: readonly string[]) {
    super(`The database has migrations that this version does not know (${unknown.join(', ')}); run the newer version`);
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings Signpost's tables up to date and answers the names of what ran. The library owns its migrations: the application's
 * own migrations and `synchronize` never see these tables. All in one transaction: a crash leaves the old schema.
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  return dataSource.transaction(async (manager) => {
    await manager.query(
      `CREATE TABLE IF NOT EXISTS ${SIGNPOST_MIGRATIONS_TABLE} (
         id integer PRIMARY KEY AUTOINCREMENT NOT NULL, timestamp bigint NOT NULL, name varchar NOT NULL)`,
    );
    const done = await namesOf(manager);
    const migrations = SIGNPOST_MIGRATIONS.map((Migration) => new Migration());
    const unknown = [...done].filter((name) => !migrations.some((migration) => migration.name === name));
    if (unknown.length > 0) throw new SchemaTooNewError(unknown);

    const ran: string[] = [];
    for (const migration of migrations) {
      if (done.has(migration.name) || !manager.queryRunner) continue;
      await migration.up(manager.queryRunner);
      await manager.query(`INSERT INTO ${SIGNPOST_MIGRATIONS_TABLE} (timestamp, name) VALUES (?, ?)`, [
        Number(/\d+$/.exec(migration.name)?.[0] ?? 0),
        migration.name,
      ]);
      ran.push(migration.name);
    }
    return ran;
  });
}

async function namesOf(manager: EntityManager): Promise<Set<string>> {
  const rows: { name: string }[] = await manager.query(`SELECT name FROM ${SIGNPOST_MIGRATIONS_TABLE}`);
  return new Set(rows.map((row) => row.name));
}
