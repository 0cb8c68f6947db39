import { describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import {
  DatabaseFullError,
  DatabaseIoError,
  DatabaseLockedError,
  DatabaseReadonlyError,
  isDatabaseUnavailable,
  isRetryableDatabaseError,
  namedDatabaseError,
  OutsideTransactionError,
  sqliteCodeOf,
  TransactionLostError,
  TurnTimeoutError,
} from '../../../src/database/errors.js';

const sqlite = (code: string) => new BetterSqlite3.SqliteError('from SQLite', code);
const fromTypeOrm = (code: string) => new QueryFailedError('INSERT', [], sqlite(code));

describe('a database error', () => {
  it.each([
    'SQLITE_BUSY',
    'SQLITE_BUSY_SNAPSHOT',
    'SQLITE_FULL',
    'SQLITE_READONLY_DBMOVED',
    'SQLITE_IOERR_WRITE',
    'SQLITE_CANTOPEN',
  ])('%s is retryable, raw, through TypeORM and as a cause', (code) => {
    expect(isRetryableDatabaseError(sqlite(code))).toBe(true);
    expect(isRetryableDatabaseError(fromTypeOrm(code))).toBe(true);
    expect(isRetryableDatabaseError(new Error('around', { cause: fromTypeOrm(code) }))).toBe(true);
    expect(isRetryableDatabaseError(new TransactionLostError(sqlite(code)))).toBe(true);
  });

  it.each(['40001', '40P01', '08006', '53300', '57P01', '25006'])('%s of PostgreSQL is retryable', (code) => {
    const driverError = Object.assign(new Error('from PostgreSQL'), { code });
    expect(isRetryableDatabaseError(new QueryFailedError('INSERT', [], driverError))).toBe(true);
    // Without TypeORM's word for it that a query has failed, a code may be anybody's.
    expect(isRetryableDatabaseError(driverError)).toBe(false);
  });

  it.each(['23505', '42P01'])('%s is the work’s own fault', (code) => {
    const driverError = Object.assign(new Error('no'), { code });
    expect(isRetryableDatabaseError(new QueryFailedError('INSERT', [], driverError))).toBe(false);
  });

  it('is the connection’s when TypeORM has let go of a transaction that lost it between two statements', () => {
    for (const error of [new QueryRunnerAlreadyReleasedError(), new QueryRunnerProviderAlreadyReleasedError()]) {
      expect(isDatabaseUnavailable(error)).toBe(true);
    }
  });

  it('of any other kind is not retryable', () => {
    for (const error of [
      fromTypeOrm('SQLITE_CONSTRAINT_UNIQUE'),
      new Error('SQLITE_BUSY'),
      'SQLITE_BUSY',
      undefined,
      null,
    ]) {
      expect(isRetryableDatabaseError(error)).toBe(false);
    }
    expect(isRetryableDatabaseError(new OutsideTransactionError('x'))).toBe(false);
    expect(isRetryableDatabaseError(new TransactionLostError(sqlite('SQLITE_CONSTRAINT_TRIGGER')))).toBe(false);
    expect(isRetryableDatabaseError(new TurnTimeoutError('x', 1, null))).toBe(true);
  });

  it('of the whole database gets a name and keeps its cause; a violated constraint stays as it is', () => {
    const names = [
      ['SQLITE_BUSY', DatabaseLockedError],
      ['SQLITE_FULL', DatabaseFullError],
      ['SQLITE_READONLY', DatabaseReadonlyError],
      ['SQLITE_IOERR_FSYNC', DatabaseIoError],
      ['SQLITE_CANTOPEN', DatabaseIoError],
    ] as const;
    for (const [code, named] of names) {
      const error = sqlite(code);
      expect(namedDatabaseError(error)).toBeInstanceOf(named);
      expect(namedDatabaseError(error)).toMatchObject({ cause: error, name: named.name });
    }
    const unique = sqlite('SQLITE_CONSTRAINT_UNIQUE');
    expect(namedDatabaseError(unique)).toBe(unique);
    expect(sqliteCodeOf(new Error('around', { cause: unique }))).toBe('SQLITE_CONSTRAINT_UNIQUE');
  });
});
