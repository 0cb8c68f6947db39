import { afterEach, describe, expect, it } from '@jest/globals';
import { NotInTransactionError, OutsideTransactionError, TransactionEndedError } from '../../../src/database/errors.js';
import { closeHosts, committedIds, gate, Note, settle, soundHost } from './host.js';

afterEach(closeHosts);

describe('a nested transaction', () => {
  it('is a savepoint: rolled back alone, the outer one commits the rest', async () => {
    const { dataSource, file } = await soundHost();
    await dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'outer' });
      await manager.transaction((inner) => inner.insert(Note, { id: 'kept' }));
      const failing = manager.transaction(async (inner) => {
        await inner.insert(Note, { id: 'undone' });
        throw new Error('inner');
      });
      await expect(failing).rejects.toThrow('inner');
      await manager.insert(Note, { id: 'after' });
    });
    expect(committedIds(file)).toEqual(['after', 'kept', 'outer']);
  });
});

describe("code inside a transaction that does not use the transaction's manager", () => {
  it.each<[string, (host: Awaited<ReturnType<typeof soundHost>>) => Promise<unknown>]>([
    ['an injected repository', ({ notes }) => notes.save({ id: 'x' })],
    ['dataSource.query', ({ dataSource }) => dataSource.query('SELECT 1')],
    ['dataSource.transaction', ({ dataSource }) => dataSource.transaction(async () => undefined)],
    ['a query runner of its own', ({ dataSource }) => dataSource.createQueryRunner().startTransaction()],
    ['an engine step', ({ turns }) => turns.step('step', () => 1)],
    ['an engine read', ({ turns }) => turns.read('read', () => 1)],
    ['drain', ({ turns }) => turns.drain()],
  ])('is told so at once, instead of waiting for itself: %s', async (_, use) => {
    const host = await soundHost();
    await host.dataSource.transaction(async () => {
      await expect(use(host)).rejects.toBeInstanceOf(OutsideTransactionError);
    });
    // Outside, and from the same place once the transaction has ended, it works.
    await use(host);
  });

  it('is told so in a subscriber too, where save() has opened the transaction', async () => {
    const { dataSource, notes } = await soundHost();
    dataSource.subscribers.push({ afterInsert: () => notes.find() });
    await expect(notes.save({ id: 'x' })).rejects.toBeInstanceOf(OutsideTransactionError);
    dataSource.subscribers.splice(0);
    expect(await notes.find()).toEqual([]);
  });

  it('may be started there and run after the end, or run outside', async () => {
    const { dataSource, turns, notes } = await soundHost();
    const ended = gate();
    let later: Promise<unknown> = Promise.resolve();
    let outside: Promise<unknown> = Promise.resolve();
    await dataSource.transaction(async () => {
      later = ended.opened.then(() => notes.save({ id: 'later' }));
      outside = turns.runOutside(() => turns.step('outside', () => 1));
    });
    ended.open();
    await expect(outside).resolves.toBe(1);
    await expect(later).resolves.toMatchObject({ id: 'later' });
  });

  it('is not confused with the transactions that the same loop started', async () => {
    const { dataSource, file } = await soundHost();
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) all.push(dataSource.transaction((manager) => manager.insert(Note, { id: `${i}` })));
    await Promise.all(all);
    expect(committedIds(file)).toHaveLength(50);
  });
});

describe('work left running in a transaction that has ended', () => {
  it('is refused, never autocommitted', async () => {
    const { dataSource, file } = await soundHost();
    const ended = gate();
    let stray: Promise<unknown> = Promise.resolve();
    const transaction = dataSource.transaction(async (manager) => {
      stray = ended.opened.then(() => manager.insert(Note, { id: 'stray' }));
      stray.catch(() => undefined);
      throw new Error('rolled back');
    });
    await expect(transaction).rejects.toThrow('rolled back');
    ended.open();
    await expect(stray).rejects.toThrow();
    expect(committedIds(file)).toEqual([]);
  });

  it('is refused also when it was on its way at the moment of the rollback', async () => {
    const { dataSource, file } = await soundHost();
    const strays: Promise<unknown>[] = [];
    const transaction = dataSource.transaction(async (manager) => {
      for (let i = 0; i < 20; i++) strays.push(manager.save(Note, { id: `stray-${i}` }));
      for (const stray of strays) stray.catch(() => undefined);
      throw new Error('rolled back');
    });
    await expect(transaction).rejects.toThrow('rolled back');
    const outcomes = await Promise.allSettled(strays);
    expect(committedIds(file)).toEqual([]);
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).not.toEqual([]);
  });

  it('is refused between its start and its SQL, where TypeORM awaits subscribers', async () => {
    const { dataSource, notes, file } = await soundHost();
    const overtaken = gate();
    dataSource.subscribers.push({
      beforeQuery: ({ query }) => (query.includes('stray') ? overtaken.opened : undefined),
    });
    let stray: Promise<unknown> = Promise.resolve();
    const transaction = dataSource.transaction(async (manager) => {
      stray = manager.query("INSERT INTO note (id) VALUES ('stray')");
      stray.catch(() => undefined);
      throw new Error('rolled back');
    });
    await expect(transaction).rejects.toThrow('rolled back');
    const next = notes.insert({ id: 'next' });
    overtaken.open();
    await expect(stray).rejects.toBeInstanceOf(TransactionEndedError);
    await next;
    expect(committedIds(file)).toEqual(['next']);
  });

  it('is refused on a manually driven runner that has a transaction again', async () => {
    const { dataSource, file } = await soundHost();
    const runner = dataSource.createQueryRunner();
    const ended = gate();
    let stray: Promise<unknown> = Promise.resolve();
    await runner.manager.transaction(async (manager) => {
      stray = ended.opened.then(() => manager.insert(Note, { id: 'stray' }));
      stray.catch(() => undefined);
    });
    await runner.startTransaction();
    ended.open();
    await expect(stray).rejects.toBeInstanceOf(TransactionEndedError);
    await runner.commitTransaction();
    await runner.release();
    expect(committedIds(file)).toEqual([]);
  });
});

describe('a manually driven query runner', () => {
  it('that is released with its transaction open rolls it back and frees the turn', async () => {
    const { dataSource, turns, notes, file } = await soundHost();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Note, { id: 'open' });
    await runner.release();
    await notes.insert({ id: 'next' });
    expect(committedIds(file)).toEqual(['next']);
    expect(turns.health().holder).toBeNull();
    await expect(runner.query('SELECT 1')).rejects.toThrow('released');
  });

  it('that is released while it waits gives its turn back', async () => {
    const { dataSource, notes } = await soundHost();
    const first = dataSource.createQueryRunner();
    await first.startTransaction();
    const second = dataSource.createQueryRunner();
    const starting = second.startTransaction();
    starting.catch(() => undefined);
    await second.release();
    await first.rollbackTransaction();
    await expect(starting).rejects.toThrow('released');
    await notes.insert({ id: 'next' });
  });

  it('keeps its turn from a raw BEGIN to a raw COMMIT', async () => {
    const { dataSource, notes, file } = await soundHost();
    const runner = dataSource.createQueryRunner();
    await runner.query('BEGIN');
    await runner.query("INSERT INTO note (id) VALUES ('raw')");
    let written = false;
    const other = notes.insert({ id: 'other' }).then(() => (written = true));
    await settle();
    expect(written).toBe(false);
    await runner.query('/* done */ COMMIT');
    await other;
    expect(committedIds(file)).toEqual(['other', 'raw']);
    expect(runner.isTransactionActive).toBe(false);
  });

  it('whose transaction was ended by a raw statement begins the next one as if it had ended it itself', async () => {
    const { dataSource, file } = await soundHost();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Note, { id: 'a' });
    await runner.query('COMMIT');
    await expect(runner.commitTransaction()).rejects.toThrow('not started');
    await runner.startTransaction();
    await runner.manager.insert(Note, { id: 'b' });
    await runner.rollbackTransaction();
    await runner.release();
    expect(committedIds(file)).toEqual(['a']);
  });

  it('gets a turn of its own for each of two transactions that overlap on it', async () => {
    const { dataSource, file } = await soundHost();
    const runner = dataSource.createQueryRunner();
    await Promise.all([runner.manager.save(Note, { id: 'a' }), runner.manager.save(Note, { id: 'b' })]);
    await runner.release();
    expect(committedIds(file)).toEqual(['a', 'b']);
  });

  it('takes a statement that follows an unawaited start into the transaction', async () => {
    const { dataSource, file } = await soundHost();
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    const runner = dataSource.createQueryRunner();
    const starting = runner.startTransaction();
    const insert = runner.query("INSERT INTO note (id) VALUES ('a')");
    await other.commitTransaction();
    await Promise.all([starting, insert]);
    await runner.rollbackTransaction();
    expect(committedIds(file)).toEqual([]);
  });
});

describe('a transaction that cannot start', () => {
  it('leaves nothing open when a subscriber refuses it after BEGIN', async () => {
    const { dataSource, turns, notes } = await soundHost();
    dataSource.subscribers.push({
      afterTransactionStart: () => {
        throw new Error('refused');
      },
    });
    const runner = dataSource.createQueryRunner();
    await expect(runner.startTransaction()).rejects.toThrow('refused');
    expect(runner.isTransactionActive).toBe(false);
    await expect(dataSource.transaction(async () => undefined)).rejects.toThrow('refused');
    dataSource.subscribers.splice(0);
    expect(turns.health().holder).toBeNull();
    await notes.insert({ id: 'next' });
  });

  it('is refused in an isolation level that SQLite does not have, and works in one that it has', async () => {
    const { dataSource, file } = await soundHost();
    await expect(dataSource.transaction('REPEATABLE READ', async () => undefined)).rejects.toThrow('isolation');
    await dataSource.transaction('SERIALIZABLE', (manager) => manager.insert(Note, { id: 'a' }));
    expect(committedIds(file)).toEqual(['a']);
  });
});

describe('a subscriber of a commit', () => {
  it('may go on writing through the same runner, in a transaction of its own', async () => {
    const { dataSource, file } = await soundHost();
    let once = true;
    dataSource.subscribers.push({
      afterTransactionCommit: async (event) => {
        if (!once) return;
        once = false;
        await event.manager.save(Note, { id: 'audit' });
      },
    });
    await dataSource.transaction((manager) => manager.insert(Note, { id: 'a' }));
    expect(committedIds(file)).toEqual(['a', 'audit']);
  });
});

describe("the handle of a caller's transaction", () => {
  it('writes what commits and rolls back with it', async () => {
    const { dataSource, turns, file } = await soundHost();
    const write = (id: string, failure?: Error) =>
      dataSource.transaction(async (manager) => {
        turns.connectionOf(manager).prepare('INSERT INTO note (id) VALUES (?)').run(id);
        if (failure) throw failure;
      });
    await write('kept');
    await expect(write('undone', new Error('host'))).rejects.toThrow('host');
    expect(committedIds(file)).toEqual(['kept']);
  });

  it('is refused without an open transaction of that manager, saying what to do', async () => {
    const { dataSource, turns } = await soundHost();
    const other = await soundHost();
    expect(() => turns.connectionOf(dataSource.manager)).toThrow(NotInTransactionError);
    expect(() => turns.connectionOf(dataSource.manager)).toThrow('inside dataSource.transaction');
    const runner = dataSource.createQueryRunner();
    expect(() => turns.connectionOf(runner.manager)).toThrow(NotInTransactionError);
    let kept = dataSource.manager;
    await dataSource.transaction(async (manager) => {
      kept = manager;
      expect(() => turns.connectionOf(dataSource.manager)).toThrow(NotInTransactionError);
      expect(() => other.turns.connectionOf(manager)).toThrow(NotInTransactionError);
    });
    expect(() => turns.connectionOf(kept)).toThrow(NotInTransactionError);
  });
});

describe('an after-commit callback', () => {
  it('is called once, after the outermost COMMIT and before the transaction resolves', async () => {
    const { dataSource, turns, file } = await soundHost();
    const calls: string[][] = [];
    await dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      await manager.transaction(async (inner) => turns.onCommit(inner, () => calls.push(committedIds(file))));
      turns.onCommit(manager, () => calls.push(committedIds(file)));
      expect(calls).toEqual([]);
    });
    expect(calls).toEqual([['a'], ['a']]);
    await dataSource.transaction(async () => undefined);
    expect(calls).toHaveLength(2);
  });

  it('is forgotten with the transaction, or the savepoint, that is rolled back', async () => {
    const { dataSource, turns } = await soundHost();
    const calls: string[] = [];
    const failing = (manager: typeof dataSource.manager, name: string) =>
      manager.transaction(async (inner) => {
        turns.onCommit(inner, () => calls.push(name));
        throw new Error(name);
      });
    await expect(failing(dataSource.manager, 'outermost')).rejects.toThrow('outermost');
    await dataSource.transaction(async (manager) => {
      turns.onCommit(manager, () => calls.push('before'));
      await expect(failing(manager, 'inner')).rejects.toThrow('inner');
      await manager.query('SAVEPOINT "Mine"');
      turns.onCommit(manager, () => calls.push('raw savepoint'));
      await manager.query('ROLLBACK TO mine');
      turns.onCommit(manager, () => calls.push('after'));
    });
    expect(calls).toEqual(['before', 'after']);
  });

  it('may use the database, and its error harms neither the commit nor the next callback', async () => {
    const { dataSource, turns, notes, file } = await soundHost();
    const work: Promise<unknown>[] = [];
    await dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      turns.onCommit(manager, () => {
        throw new Error('callback');
      });
      turns.onCommit(manager, () =>
        work.push(
          turns.step('step', () => 1),
          notes.insert({ id: 'b' }),
        ),
      );
    });
    await Promise.all(work);
    expect(work).toHaveLength(2);
    expect(committedIds(file)).toEqual(['a', 'b']);
  });
});
