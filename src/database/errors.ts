import { isConnectionFailure, isTransient, isUnavailable } from './postgres-codes.js';

/** Who holds the connection, as an operator needs to see it. */
export interface TurnHolder {
  /** What the holder does: `host transaction`, `SELECT statement`, `engine: <step>`, … Never SQL, never values. */
  readonly label: string;
  /** Milliseconds since the holder got its turn. */
  readonly sinceMs: number;
  /** The host's stack frames that began it, one per line; empty if they are not known. */
  readonly beganAt: string;
}

/**
 * Base of what goes wrong with the database as such. `retryable` says that the same request may succeed later without anybody changing
 * it: HTTP answers 503 with `Retry-After`, otherwise 500.
 */
export abstract class DatabaseError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** PostgreSQL cannot be reached, is starting or stopping, has no connection left, or does not take writes now. */
export class DatabaseUnavailableError extends DatabaseError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly retryable = true;
}

/** Base of everything that goes wrong with the shared SQLite connection. */
export abstract class SqliteTurnsError extends DatabaseError {}

/** Start-up error: this DataSource cannot be made sound. The message says what to change. */
export class SqliteTurnsInstallError extends SqliteTurnsError {
  readonly code = 'SQLITE_TURNS_INSTALL';
  readonly retryable = false;
}

/** Another process held the file locked for longer than `lockTimeoutMs`. */
export class DatabaseLockedError extends SqliteTurnsError {
  readonly code = 'DATABASE_LOCKED';
  readonly retryable = true;
}

/** The disk, or the database's own page limit, is full. */
export class DatabaseFullError extends SqliteTurnsError {
  readonly code = 'DATABASE_FULL';
  readonly retryable = true;
}

/** The file, its directory or the connection does not admit writes. */
export class DatabaseReadonlyError extends SqliteTurnsError {
  readonly code = 'DATABASE_READONLY';
  readonly retryable = true;
}

/** Reading or writing the file failed (SQLITE_IOERR), or it could not be opened (SQLITE_CANTOPEN). */
export class DatabaseIoError extends SqliteTurnsError {
  readonly code = 'DATABASE_IO';
  readonly retryable = true;
}

/** The connection is being reopened after a transaction that could not be rolled back. */
export class DatabaseReopeningError extends SqliteTurnsError {
  readonly code = 'DATABASE_REOPENING';
  readonly retryable = true;
}

/** A unit of work waited for its turn longer than `turnTimeoutMs`. */
export class TurnTimeoutError extends SqliteTurnsError {
  readonly code = 'TURN_TIMEOUT';
  readonly retryable = true;

  constructor(
    readonly label: string,
    readonly waitedMs: number,
    readonly holder: TurnHolder | null,
  ) {
    const by = holder
      ? `"${holder.label}" has held it for ${Math.round(holder.sinceMs)} ms` +
        (holder.beganAt ? `, begun\n${holder.beganAt}\n` : '')
      : 'other work came first';
    super(`"${label}" waited ${Math.round(waitedMs)} ms for its turn on the SQLite connection: ${by}`);
  }
}

/** Code inside a transaction reached for the database past it, and would have waited for itself. */
export class OutsideTransactionError extends SqliteTurnsError {
  readonly code = 'OUTSIDE_TRANSACTION';
  readonly retryable = false;

  constructor(label: string) {
    super(
      `"${label}" would wait for the transaction that it was started in. Inside dataSource.transaction(manager => …) ` +
        "use the transaction's manager (manager.getRepository(…), manager.query(…), manager.transaction(…)), not the " +
        'DataSource or an injected repository; or do it after the transaction has ended.',
    );
  }
}

/** The transaction of this manager is over; work that was left running in it is refused, not autocommitted. */
export class TransactionEndedError extends SqliteTurnsError {
  readonly code = 'TRANSACTION_ENDED';
  readonly retryable = false;

  constructor() {
    super(
      'The transaction that this statement belongs to has already ended. Await everything that the transaction ' +
        'callback starts, and do not keep its manager.',
    );
  }
}

/** `publish(manager, …)` and the like need a manager whose transaction is open. */
export class NotInTransactionError extends SqliteTurnsError {
  readonly code = 'NOT_IN_TRANSACTION';
  readonly retryable = false;

  constructor(found: string) {
    super(
      `An open transaction is needed, but ${found}. Call this inside dataSource.transaction(async (manager) => …) ` +
        'with the manager that the callback is given.',
    );
  }
}

/** SQLite rolled the transaction back by itself; nothing of it was kept. */
export class TransactionLostError extends SqliteTurnsError {
  readonly code = 'TRANSACTION_LOST';
  readonly retryable: boolean;

  constructor(cause: unknown) {
    super('SQLite rolled this transaction back after an error; nothing of it was kept. Begin it again.', { cause });
    this.retryable = cause === undefined || isRetryableDatabaseError(cause);
  }
}

/** The engine's access was closed: the application is shutting down. */
export class SqliteTurnsClosedError extends SqliteTurnsError {
  readonly code = 'SQLITE_TURNS_CLOSED';
  readonly retryable = true;

  constructor(label: string) {
    super(`"${label}" came after the SQLite connection was closed to new work`);
  }
}

const RETRYABLE_CODE = /^SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN)/;

/** How deep a `cause` or `driverError` chain is followed; wrapped errors are two or three deep in practice. */
const MAX_CAUSES = 8;

/** The better-sqlite3 result code (`SQLITE_…`) of an error, or of what it wraps (TypeORM's `driverError`, `cause`). */
export function sqliteCodeOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === 'object' && current !== null; depth++) {
    const { code, driverError, cause } = current as { code?: unknown; driverError?: unknown; cause?: unknown };
    if (typeof code === 'string' && code.startsWith('SQLITE_') && !(current instanceof SqliteTurnsError)) return code;
    current = driverError ?? cause;
  }
  return undefined;
}

/** True if the same work may succeed later by itself: answer 503 with `Retry-After`. */
export function isRetryableDatabaseError(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.retryable;
  if (RETRYABLE_CODE.test(sqliteCodeOf(error) ?? '')) return true;
  // What TypeORM wrapped comes from the database for certain; without that, only what node-postgres alone says.
  const { driverError } = (typeof error === 'object' && error !== null ? error : {}) as { driverError?: unknown };
  return isTransient(driverError) || isUnavailable(driverError) || isConnectionFailure(error);
}

/**
 * As `isRetryableDatabaseError`, for code that talks to nothing but the database: there, a connection that was refused is the database's
 * too, which comes as Node threw it.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  return isRetryableDatabaseError(error) || isUnavailable(error);
}

/** True if another connection holds the lock that was needed. */
export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}

/**
 * The named error for a condition of the whole database (locked, full, read-only, broken I/O), with the original as
 * `cause`; everything else (a violated constraint, the work's own error) stays what it is, for the caller to judge.
 */
export function namedDatabaseError(error: unknown): unknown {
  if (error instanceof SqliteTurnsError) return error;
  const code = sqliteCodeOf(error) ?? '';
  const options = { cause: error };
  if (code.startsWith('SQLITE_BUSY')) return new DatabaseLockedError('The database file is locked', options);
  if (code.startsWith('SQLITE_FULL')) return new DatabaseFullError('The database or its disk is full', options);
  if (code.startsWith('SQLITE_READONLY')) return new DatabaseReadonlyError('The database is read-only', options);
  if (/^SQLITE_(IOERR|CANTOPEN)/.test(code)) return new DatabaseIoError(`The database file failed (${code})`, options);
  return error;
}
