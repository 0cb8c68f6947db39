import { afterEach, describe, expect, it } from '@jest/globals';
import type { Database } from '../../../src/database/connection.js';
import { SqliteTurnsClosedError } from '../../../src/database/errors.js';
import { handleOf, synchronousOf } from '../../support/synced-commits.js';
import { closeHosts, committedIds, gate, Note, settle, soundHost } from './host.js';

afterEach(closeHosts);

/** Records the SQL that changes transactions, as prepared on this handle. */
function transactionsOf(db: Database): string[] {
  const seen: string[] = [];
  const prepare = db.prepare.bind(db) as (sql: string) => { run: (...values: unknown[]) => unknown };
  Object.defineProperty(db, 'prepare', {
    value: (sql: string) => {
      const statement = prepare(sql);
      if (!/^(BEGIN|COMMIT|ROLLBACK)/.test(sql)) return statement;
      const run = statement.run.bind(statement);
      statement.run = (...values) => {
        seen.push(sql);
        return run(...values);
      };
      return statement;
    },
  });
  return seen;
}

const insert = (id: string) => (db: Database) => void db.prepare('INSERT INTO note (id) VALUES (?)').run(id);

describe('an engine step', () => {
  it('resolves with its value after it is committed', async () => {
    const { turns, file } = await soundHost();
    const value = await turns.step('insert', (db) => {
      insert('a')(db);
      return 42;
    });
    expect(value).toBe(42);
    expect(committedIds(file)).toEqual(['a']);
  });

  it('shares one COMMIT with the steps that wait beside it, reads in between notwithstanding', async () => {
    const { dataSource, turns, file } = await soundHost();
    const seen = transactionsOf(handleOf(dataSource));
    await Promise.all([
      turns.step('a', insert('a')),
      turns.read('count', (db) => db.prepare('SELECT count(*) FROM note').get()),
      turns.step('b', insert('b')),
      turns.step('c', insert('c')),
    ]);
    expect(seen).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
    expect(committedIds(file)).toEqual(['a', 'b', 'c']);
  });

  it('does not run in the stack of its caller', async () => {
    const { turns } = await soundHost();
    let ran = false;
    const step = turns.step('late', () => void (ran = true));
    expect(ran).toBe(false);
    await step;
    expect(ran).toBe(true);
  });

  it('that throws is rolled back alone and rejected alone', async () => {
    const { turns, file } = await soundHost();
    const broken = new Error('broken');
    const results = await Promise.allSettled([
      turns.step('a', insert('a')),
      turns.step('b', (db) => {
        insert('b')(db);
        throw broken;
      }),
      turns.step('c', insert('c')),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: broken });
    expect(committedIds(file)).toEqual(['a', 'c']);
  });

  it('that is asynchronous is refused and rolled back', async () => {
    const { turns, file } = await soundHost();
    const step = turns.step('async', async (db) => insert('a')(db));
    await expect(step).rejects.toThrow('must be synchronous');
    expect(committedIds(file)).toEqual([]);
  });

  it('that ends its transaction is rejected, and later steps work', async () => {
    const { turns, file } = await soundHost();
    const ending = turns.step('ending', (db) => {
      insert('a')(db);
      db.exec('ROLLBACK');
    });
    await expect(ending).rejects.toThrow('ended its transaction');
    await turns.step('b', insert('b'));
    expect(committedIds(file)).toEqual(['b']);
  });

  it('is rejected with its whole group if the COMMIT fails', async () => {
    const { dataSource, turns, file } = await soundHost();
    await dataSource.query('CREATE TABLE child (note text REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)');
    const results = await Promise.allSettled([
      turns.step('a', insert('a')),
      turns.step('orphan', (db) => void db.prepare("INSERT INTO child VALUES ('nobody')").run()),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(committedIds(file)).toEqual([]);
    await turns.step('b', insert('b'));
    expect(committedIds(file)).toEqual(['b']);
  });

  it('is left for another turn when the group is full, in order', async () => {
    const { dataSource, turns } = await soundHost({ maxGroupSteps: 2 });
    const seen = transactionsOf(handleOf(dataSource));
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3, 4].map((i) => turns.step(`${i}`, () => void order.push(i))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(seen.filter((sql) => sql === 'COMMIT')).toHaveLength(3);
  });

  it('is left for another turn when the group has used up its time, so that a host transaction is not starved', async () => {
    let now = 0;
    const clock = {
      now: () => now,
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    };
    const { dataSource, turns } = await soundHost({ clock, maxGroupMs: 20 });
    const seen = transactionsOf(handleOf(dataSource));
    await Promise.all([1, 2, 3, 4].map((i) => turns.step(`${i}`, () => void (now += 15))));
    expect(seen.filter((sql) => sql === 'COMMIT')).toHaveLength(2);
  });

  it('waits for the host transaction that was first, and goes before the one that came later', async () => {
    const { dataSource, turns } = await soundHost();
    const order: string[] = [];
    const hold = gate();
    const first = dataSource.transaction(async (manager) => {
      await hold.opened;
      await manager.insert(Note, { id: 'first' });
      order.push('first');
    });
    await settle();
    const step = turns.step('step', () => void order.push('step'));
    const second = dataSource.transaction(async () => void order.push('second'));
    hold.open();
    await Promise.all([first, step, second]);
    expect(order).toEqual(['first', 'step', 'second']);
  });
});

describe('an engine read', () => {
  it('runs at once while nobody has a transaction open', async () => {
    const { turns } = await soundHost();
    let ran = false;
    const read = turns.read('read', () => (ran = true));
    expect(ran).toBe(true);
    await read;
    expect(turns.tryReadNow((db) => db.prepare('SELECT 1 AS one').get())).toEqual({ value: { one: 1 } });
  });

  it('never sees the uncommitted rows of a host transaction', async () => {
    const { dataSource, turns } = await soundHost();
    const count = (db: Database) => db.prepare('SELECT count(*) FROM note').pluck().get();
    const written = gate();
    const hold = gate();
    const failing = dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id: 'a' });
      written.open();
      await hold.opened;
      throw new Error('rolled back');
    });
    await written.opened;
    expect(turns.tryReadNow(count)).toBeUndefined();
    const read = turns.read('count', count);
    hold.open();
    await expect(failing).rejects.toThrow('rolled back');
    await expect(read).resolves.toBe(0);
  });
});

describe('closing', () => {
  it('finishes accepted engine work, refuses new engine work, and leaves the host its turns', async () => {
    const { dataSource, turns, file } = await soundHost();
    const hold = gate();
    const host = dataSource.transaction(async () => hold.opened);
    const accepted = turns.step('accepted', insert('accepted'));
    const closed = turns.close();
    await expect(turns.step('late', insert('late'))).rejects.toBeInstanceOf(SqliteTurnsClosedError);
    await expect(turns.read('late', () => 1)).rejects.toBeInstanceOf(SqliteTurnsClosedError);
    hold.open();
    await closed;
    expect(committedIds(file)).toEqual(['accepted']);
    await Promise.all([host, accepted, dataSource.getRepository(Note).insert({ id: 'host' })]);
    expect(committedIds(file)).toEqual(['accepted', 'host']);
  });

  it('draining waits for what was asked before and refuses nothing', async () => {
    const { turns, file } = await soundHost();
    void turns.step('a', insert('a'));
    await turns.drain();
    expect(committedIds(file)).toEqual(['a']);
    await turns.step('b', insert('b'));
    expect(committedIds(file)).toEqual(['a', 'b']);
  });

  it('the DataSource being destroyed rejects who still waits', async () => {
    const { dataSource, turns } = await soundHost();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const waiting = expect(turns.step('waiting', () => 1)).rejects.toBeInstanceOf(SqliteTurnsClosedError);
    await dataSource.destroy();
    await waiting;
  });
});

describe('an engine step that need not be durable', () => {
  const [FULL, NORMAL] = [2, 1];
  const loose = { durable: false };
  const inserted = (id: string) => (db: Database) => {
    insert(id)(db);
    return synchronousOf(db);
  };

  it('does not wait for the disk, and leaves the connection as strict as it was', async () => {
    const { dataSource, turns, file } = await soundHost();
    expect(await turns.step('a', inserted('a'), loose)).toBe(NORMAL);
    expect(synchronousOf(handleOf(dataSource))).toBe(FULL);
    expect(committedIds(file)).toEqual(['a']);
    expect(await turns.step('b', inserted('b'))).toBe(FULL);
  });

  it('is as durable as the most durable step that shares its COMMIT', async () => {
    const { turns } = await soundHost();
    const synced = await Promise.all([turns.step('a', inserted('a'), loose), turns.step('b', inserted('b'))]);
    expect(synced).toEqual([FULL, FULL]);
  });

  it('leaves the connection strict when it throws, alone or beside others', async () => {
    const { dataSource, turns, file } = await soundHost();
    const fail = (): never => {
      throw new Error('broken');
    };
    await expect(turns.step('a', fail, loose)).rejects.toThrow('broken');
    expect(synchronousOf(handleOf(dataSource))).toBe(FULL);
    await Promise.allSettled([turns.step('b', fail, loose), turns.step('c', insert('c'), loose)]);
    expect(synchronousOf(handleOf(dataSource))).toBe(FULL);
    expect(committedIds(file)).toEqual(['c']);
  });

  it('makes nobody else’s transaction less durable', async () => {
    const { dataSource, turns } = await soundHost();
    const [, inHost] = await Promise.all([
      turns.step('a', insert('a'), loose),
      dataSource.transaction(async (manager) => {
        await manager.getRepository(Note).insert({ id: 'host' });
        return synchronousOf(handleOf(dataSource));
      }),
    ]);
    expect(inHost).toBe(FULL);
  });

  it('keeps a setting of the host’s own that waits for even less, or for more', async () => {
    const { dataSource, turns } = await soundHost();
    for (const own of [0, 3]) {
      handleOf(dataSource).pragma(`synchronous = ${own}`);
      expect(await turns.step('loose', inserted(`${own}`), loose)).toBe(Math.min(own, NORMAL));
      expect(synchronousOf(handleOf(dataSource))).toBe(own);
    }
  });
});
