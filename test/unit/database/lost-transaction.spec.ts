import { afterEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { Database } from '../../../src/database/connection.js';
import {
  DatabaseFullError,
  DatabaseReadonlyError,
  DatabaseReopeningError,
  isRetryableDatabaseError,
  TransactionLostError,
} from '../../../src/database/errors.js';
import { until } from '../../support/until.js';
import { closeHosts, committedIds, Note, soundHost } from './host.js';

afterEach(closeHosts);

const handleOf = (dataSource: DataSource): Database =>
  (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;

/** No page more than the file has now: the next one that is needed is SQLITE_FULL, as on a full disk. */
function fillDisk(dataSource: DataSource): () => void {
  const db = handleOf(dataSource);
  db.pragma(`max_page_count = ${String(db.pragma('page_count', { simple: true }))}`);
  return () => void db.pragma('max_page_count = 1000000');
}

const big = (id: string) => ({ id, body: 'x'.repeat(100_000) });

describe('a full disk', () => {
  it('in a host transaction rejects it with a retryable error, and the next one works when there is room', async () => {
    const { dataSource, turns, notes, file } = await soundHost();
    const freeDisk = fillDisk(dataSource);
    const error: unknown = await dataSource
      .transaction(async (manager) => {
        await manager.insert(Note, { id: 'a' });
        await manager.insert(Note, big('big'));
      })
      .catch((reason: unknown) => reason);
    expect(String(error)).toContain('full');
    expect(isRetryableDatabaseError(error)).toBe(true);
    expect(turns.health()).toEqual({ state: 'ready', holder: null, waiting: 0 });
    freeDisk();
    await notes.insert(big('later'));
    expect(committedIds(file)).toEqual(['later']);
  });

  it('in an engine step rejects it alone with DatabaseFullError, and steps work when there is room', async () => {
    const { dataSource, turns, file } = await soundHost();
    const insert = (note: { id: string; body?: string }) =>
      turns.step(note.id, () => {
        turns.prepare('INSERT INTO note (id, body) VALUES (?, ?)').run(note.id, note.body ?? '');
      });
    const freeDisk = fillDisk(dataSource);
    const results = await Promise.allSettled([insert({ id: 'a' }), insert(big('big')), insert({ id: 'c' })]);
    const acknowledged = ['a', 'big', 'c'].filter((_, i) => results[i]?.status === 'fulfilled');
    expect(results[1]).toMatchObject({ reason: expect.any(DatabaseFullError) });
    expect(
      results.filter((result) => result.status === 'rejected' && !isRetryableDatabaseError(result.reason)),
    ).toEqual([]);
    expect(committedIds(file)).toEqual(acknowledged);
    await expect(insert(big('alone'))).rejects.toBeInstanceOf(DatabaseFullError);
    freeDisk();
    await insert(big('later'));
    expect(committedIds(file)).toContain('later');
  });
});

/** A trigger that does what SQLite may do on a full disk or broken I/O: roll the whole transaction back. */
async function hostWithTrapdoor() {
  const host = await soundHost();
  await host.dataSource.query(
    "CREATE TRIGGER trapdoor BEFORE INSERT ON note WHEN new.id = 'trap' BEGIN SELECT RAISE(ROLLBACK, 'trapdoor'); END",
  );
  return host;
}

describe('a transaction that SQLite has rolled back by itself', () => {
  it('refuses its later statements and its commit, instead of committing them one by one', async () => {
    const { dataSource, turns, file } = await hostWithTrapdoor();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Note, { id: 'a' });
    await expect(runner.manager.insert(Note, { id: 'trap' })).rejects.toThrow('trapdoor');
    await expect(runner.manager.insert(Note, { id: 'b' })).rejects.toBeInstanceOf(TransactionLostError);
    await expect(runner.manager.save(Note, { id: 'c' })).rejects.toMatchObject({
      code: 'TRANSACTION_LOST',
      retryable: false,
      cause: expect.objectContaining({ message: 'trapdoor' }),
    });
    expect(() => turns.connectionOf(runner.manager)).toThrow(TransactionLostError);
    await expect(runner.commitTransaction()).rejects.toBeInstanceOf(TransactionLostError);
    let told = false;
    dataSource.subscribers.push({ afterTransactionRollback: () => void (told = true) });
    await runner.rollbackTransaction();
    expect(told).toBe(true);
    expect(runner.isTransactionActive).toBe(false);
    expect(committedIds(file)).toEqual([]);

    await runner.startTransaction();
    await runner.manager.insert(Note, { id: 'again' });
    await runner.commitTransaction();
    await runner.release();
    expect(committedIds(file)).toEqual(['again']);
  });

  it('is noticed although the host swallows the error, and the transaction rejects', async () => {
    const { dataSource, turns, file } = await hostWithTrapdoor();
    const called: string[] = [];
    const transaction = dataSource.transaction(async (manager) => {
      turns.onCommit(manager, () => called.push('committed'));
      await manager.insert(Note, { id: 'a' });
      await manager.insert(Note, { id: 'trap' }).catch(() => undefined);
    });
    await expect(transaction).rejects.toBeInstanceOf(TransactionLostError);
    expect(committedIds(file)).toEqual([]);
    expect(called).toEqual([]);
  });

  it('is noticed when a raw statement in it was the cause, and inside nested transactions', async () => {
    const { dataSource, turns, file, notes } = await hostWithTrapdoor();
    const transaction = dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      await manager
        .transaction(async (inner) => {
          turns.connectionOf(inner).exec("INSERT INTO note (id) VALUES ('trap')");
        })
        .catch(() => undefined);
      await manager.insert(Note, { id: 'b' });
    });
    await expect(transaction).rejects.toBeInstanceOf(TransactionLostError);
    await notes.insert({ id: 'next' });
    expect(committedIds(file)).toEqual(['next']);
  });

  it('may be rolled back by a raw ROLLBACK, quietly', async () => {
    const { dataSource, notes, file } = await hostWithTrapdoor();
    const runner = dataSource.createQueryRunner();
    await runner.query('BEGIN');
    await expect(runner.query("INSERT INTO note (id) VALUES ('trap')")).rejects.toThrow('trapdoor');
    await expect(runner.query("INSERT INTO note (id) VALUES ('b')")).rejects.toBeInstanceOf(TransactionLostError);
    await runner.query('ROLLBACK');
    await notes.insert({ id: 'next' });
    expect(committedIds(file)).toEqual(['next']);
  });

  it('rejects every engine step that was in it, and the steps after it get a turn of their own', async () => {
    const { turns, file } = await hostWithTrapdoor();
    const insert = (id: string) => turns.step(id, () => void turns.prepare('INSERT INTO note (id) VALUES (?)').run(id));
    const results = await Promise.allSettled(['a', 'trap', 'c'].map(insert));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(results[0]).toMatchObject({ reason: expect.any(TransactionLostError) });
    expect(committedIds(file)).toEqual(['c']);
  });
});

describe('a database that admits no writes', () => {
  it('answers engine and host with retryable errors, goes on reading, and recovers', async () => {
    const { dataSource, turns, notes, file } = await soundHost();
    await notes.insert({ id: 'a' });
    handleOf(dataSource).pragma('query_only = ON');
    const step = () => turns.step('insert', () => void turns.prepare("INSERT INTO note (id) VALUES ('b')").run());
    await expect(step()).rejects.toBeInstanceOf(DatabaseReadonlyError);
    const error: unknown = await notes.save({ id: 'c' }).catch((reason: unknown) => reason);
    expect(isRetryableDatabaseError(error)).toBe(true);
    expect(await notes.count()).toBe(1);
    expect(turns.health().holder).toBeNull();
    handleOf(dataSource).pragma('query_only = OFF');
    await step();
    expect(committedIds(file)).toEqual(['a', 'b']);
  });
});

/** Makes `sql` fail on this handle, as a broken disk would. */
function breakStatement(db: Database, sql: string): void {
  const prepare = db.prepare.bind(db);
  Object.defineProperty(db, 'prepare', {
    value: (text: string) => {
      const statement = prepare(text);
      if (text === sql) {
        statement.run = () => {
          throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
        };
      }
      return statement;
    },
  });
}

describe('a transaction that cannot even be rolled back', () => {
  it('makes the connection reopen; nothing of it is kept, and who waits gets a turn', async () => {
    const { dataSource, turns, notes, file } = await soundHost();
    const broken = handleOf(dataSource);
    const count = () => turns.step('count', () => turns.prepare('SELECT count(*) FROM note').pluck().get());
    await count();
    breakStatement(broken, 'ROLLBACK');
    const transaction = dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      throw new Error('host');
    });
    const waiting = [count(), notes.insert({ id: 'b' })] as const;
    await expect(transaction).rejects.toThrow('host');
    expect((await Promise.all(waiting))[0]).toBe(0);
    expect(handleOf(dataSource)).not.toBe(broken);
    expect(handleOf(dataSource).pragma('synchronous', { simple: true })).toBe(2);
    expect(handleOf(dataSource).pragma('busy_timeout', { simple: true })).toBe(0);
    expect(committedIds(file)).toEqual(['b']);
    expect(turns.health()).toEqual({ state: 'ready', holder: null, waiting: 0 });
  });

  it('is shown as reopening until the file can be opened, and tells who waited too long', async () => {
    const { dataSource, turns, notes, file } = await soundHost({ turnTimeoutMs: 30 });
    const driver = dataSource.driver as unknown as { createDatabaseConnection: () => Promise<Database> };
    const open = driver.createDatabaseConnection;
    driver.createDatabaseConnection = () => Promise.reject(new Error('unable to open database file'));
    breakStatement(handleOf(dataSource), 'ROLLBACK');
    await expect(dataSource.transaction(() => Promise.reject(new Error('host')))).rejects.toThrow('host');
    await until(() => turns.health().state === 'reopening');
    expect(turns.tryReadNow(() => 1)).toBeUndefined();
    await expect(turns.step('step', () => 1)).rejects.toBeInstanceOf(DatabaseReopeningError);
    await expect(notes.insert({ id: 'x' })).rejects.toBeInstanceOf(DatabaseReopeningError);
    driver.createDatabaseConnection = open;
    await until(() => turns.health().state === 'ready');
    await notes.insert({ id: 'b' });
    expect(committedIds(file)).toEqual(['b']);
  });

  it('is made good also when its COMMIT failed', async () => {
    const { dataSource, turns, file } = await soundHost();
    breakStatement(handleOf(dataSource), 'COMMIT');
    const error: unknown = await dataSource
      .transaction((manager) => manager.insert(Note, { id: 'a' }))
      .catch((reason: unknown) => reason);
    expect(isRetryableDatabaseError(error)).toBe(true);
    const step = turns.step('step', (db) => void db.prepare("INSERT INTO note (id) VALUES ('b')").run());
    expect(isRetryableDatabaseError(await step.catch((reason: unknown) => reason))).toBe(true);
    expect(committedIds(file)).toEqual([]);
    expect(turns.health()).toEqual({ state: 'ready', holder: null, waiting: 0 });
  });
});
