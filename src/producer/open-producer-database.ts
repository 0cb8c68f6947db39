import type { DataSource } from 'typeorm';
import { installSqliteTurns } from '../database/sqlite-connection.js';
import type { IdGenerator } from '../protocol/ids.js';
import { SIGNPOST_ENTITIES } from './entities.js';
import type { AppendNotifier } from './log/append-notifier.js';
import { runMigrations } from './migrations/run-migrations.js';
import { SignpostOptionsError, type ResolvedOptions } from './options-validation.js';
import { PostgresDatabase } from './postgres-database.js';
import type { ProducerDatabase } from './producer-database.js';
import { SqliteDatabase } from './sqlite-database.js';

/** The application's DataSource made fit for Signpost: sound, with the tables, and everything that runs on it. @throws SignpostOptionsError */
export async function openProducerDatabase(
  dataSource: DataSource,
  options: ResolvedOptions,
  ids: IdGenerator,
  appended: AppendNotifier,
): Promise<ProducerDatabase> {
  if (!SIGNPOST_ENTITIES.every((entity) => dataSource.hasMetadata(entity))) {
    throw new SignpostOptionsError(
      'dataSource',
      'does not know the entities; add autoLoadEntities: true to its TypeOrmModule.forRoot',
    );
  }
  if (dataSource.options.type !== 'postgres') {
    const turns = installSqliteTurns(dataSource);
    await runMigrations(dataSource);
    return new SqliteDatabase(turns, ids, options);
  }
  await runMigrations(dataSource);
  const { dispatch, postgres, clock, random } = options;
  return PostgresDatabase.open(dataSource, ids, { ...postgres, dispatch, clock, random, heard: appended.notify });
}
