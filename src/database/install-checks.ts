import type { DataSource } from 'typeorm';
import type { BetterSqliteDriver, Database } from './connection.js';
import { isBusy, SqliteTurnsInstallError } from './errors.js';
import type { SqliteRunner } from './turn-query-runner.js';

const UNEXPECTED =
  'TypeORM has changed in a way that this version does not know. Use a TypeORM version of the range that the package ' +
  'names, or a newer version of the package.';

/** What the DataSource's options rule out. */
export function checkInstallable(dataSource: DataSource): void {
  const { type } = dataSource.options;
  if (type !== 'better-sqlite3') {
    throw new SqliteTurnsInstallError(`The DataSource has type "${type}"; set type: "better-sqlite3".`);
  }
  if (!dataSource.isInitialized) {
    throw new SqliteTurnsInstallError('The DataSource is not initialized; await dataSource.initialize() first.');
  }
  const { readonly, database } = dataSource.options as { readonly?: boolean; database?: unknown };
  if (readonly) {
    throw new SqliteTurnsInstallError('The DataSource is read-only; remove "readonly: true" from its options.');
  }
  if (typeof database === 'string' && /mode=memory|cache=shared/i.test(database)) {
    throw new SqliteTurnsInstallError(
      `The DataSource uses a shared in-memory database ("${database}"); use a file, or ":memory:".`,
    );
  }
}

export function checkDriver(candidate: object): BetterSqliteDriver {
  const driver = candidate as Partial<BetterSqliteDriver>;
  const db = driver.databaseConnection as Partial<Database> | undefined;
  const fits =
    typeof driver.createQueryRunner === 'function' &&
    typeof driver.createDatabaseConnection === 'function' &&
    typeof driver.disconnect === 'function' &&
    typeof db?.prepare === 'function' &&
    typeof db.pragma === 'function' &&
    typeof db.inTransaction === 'boolean';
  if (!fits) throw new SqliteTurnsInstallError(`The better-sqlite3 driver is not as expected. ${UNEXPECTED}`);
  if (db.inTransaction) {
    throw new SqliteTurnsInstallError('A transaction is open; import the module before the DataSource is used.');
  }
  return candidate as BetterSqliteDriver;
}

export function checkRunner(candidate: object): SqliteRunner {
  const runner = candidate as Partial<SqliteRunner>;
  const methods = [
    runner.query,
    runner.getStmt,
    runner.startTransaction,
    runner.commitTransaction,
    runner.rollbackTransaction,
    runner.beforeMigration,
    runner.afterMigration,
    runner.clearDatabase,
    runner.loadPragmaRecords,
    runner.release,
    runner.broadcaster?.broadcast,
  ];
  const fits =
    methods.every((method) => typeof method === 'function') &&
    runner.stmtCache instanceof Map &&
    typeof runner.transactionDepth === 'number' &&
    typeof runner.isTransactionActive === 'boolean';
  if (!fits) throw new SqliteTurnsInstallError(`The better-sqlite3 query runner is not as expected. ${UNEXPECTED}`);
  return candidate as SqliteRunner;
}

/** Applies the settings of soundness; they are worth nothing without the write-ahead log. */
export function checkJournal(db: Database, apply: () => unknown): void {
  let journal: unknown;
  try {
    journal = apply();
  } catch (error) {
    const fix = isBusy(error)
      ? 'Another process holds the file locked; stop it, or wait for it to end.'
      : 'See the cause; the file and its directory must be writable.';
    throw new SqliteTurnsInstallError(`The database cannot be set to write-ahead logging. ${fix}`, { cause: error });
  }
  if (journal !== 'wal' && !(db.memory && journal === 'memory')) {
    throw new SqliteTurnsInstallError(
      `SQLite keeps journal mode "${String(journal)}" instead of "wal"; put the database on a local, writable disk.`,
    );
  }
}
