import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DatabaseLockedError, isRetryableDatabaseError } from '../../src/database/errors.js';
import { until } from '../support/until.js';
import { closeHosts, committedIds, Note, soundHost } from '../unit/database/host.js';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await closeHosts();
});

/** Another process that has locked `file` when this resolves; `toggle` releases the lock, or takes it again. */
async function lockFile(file: string): Promise<{ toggle: () => Promise<string>; child: ChildProcess }> {
  const script = fileURLToPath(new URL('./sqlite-lock-holder.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toBe('locked');
  return {
    child,
    toggle: () => {
      child.stdin.write('\n');
      return next();
    },
  };
}

/** Counts the turns of the event loop. */
function heartbeat(): { beats: () => number; stop: () => void } {
  let beats = 0;
  const timer = setInterval(() => beats++, 1);
  return { beats: () => beats, stop: () => clearInterval(timer) };
}

describe('while another process holds the file locked', () => {
  it('the event loop keeps turning, reads go on, and all writes wait and then succeed in order', async () => {
    const { dataSource, turns, notes, file } = await soundHost({ lockTimeoutMs: 60_000 });
    await notes.insert({ id: 'before' });
    const lock = await lockFile(file);
    const heart = heartbeat();
    const settled: string[] = [];
    const note = (id: string, work: Promise<unknown>) => work.then(() => void settled.push(id));
    const step = (id: string) =>
      note(
        id,
        turns.step(id, () => void turns.prepare('INSERT INTO note (id) VALUES (?)').run(id)),
      );
    const work = [
      step('1-step'),
      note(
        '2-transaction',
        dataSource.transaction((manager) => manager.insert(Note, { id: '2-transaction' })),
      ),
      note('3-statement', dataSource.query("INSERT INTO note (id) VALUES ('3-statement')")),
      step('4-step'),
    ];
    await until(() => heart.beats() > 50, 'the event loop turning');
    expect(settled).toEqual([]);
    expect(turns.health()).toMatchObject({ state: 'ready', holder: { label: 'engine: 1-step' }, waiting: 3 });
    expect(await turns.read('count', (db) => db.prepare('SELECT count(*) FROM note').pluck().get())).toBe(1);

    expect(await lock.toggle()).toBe('released');
    await Promise.all(work);
    heart.stop();
    expect(settled).toEqual(['1-step', '2-transaction', '3-statement', '4-step']);
    expect(committedIds(file)).toEqual(['1-step', '2-transaction', '3-statement', '4-step', 'before']);
  });

  it('for too long, step, transaction and statement are rejected with DatabaseLockedError, and work again afterwards', async () => {
    const { dataSource, turns, notes, file } = await soundHost({ lockTimeoutMs: 40 });
    const lock = await lockFile(file);
    const runner = dataSource.createQueryRunner();
    const failures: string[] = [];
    dataSource.subscribers.push({
      afterQuery: ({ query, success }) => void (success || failures.push(query.slice(0, 6))),
    });
    const write = (id: string) => [
      turns.step(id, () => void turns.prepare('INSERT INTO note (id) VALUES (?)').run(`${id}-step`)),
      dataSource.transaction((manager) => manager.insert(Note, { id: `${id}-transaction` })),
      notes.save({ id: `${id}-save` }),
      dataSource.query('INSERT INTO note (id) VALUES (?)', [`${id}-statement`]),
      runner.startTransaction(),
    ];
    const refused = await Promise.allSettled(write('locked'));
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseLockedError) });
      expect(isRetryableDatabaseError((outcome as PromiseRejectedResult).reason)).toBe(true);
    }
    // However often the lock was tried, subscribers and logs hear of it once for each statement.
    expect(failures.sort()).toEqual(['BEGIN ', 'BEGIN ', 'BEGIN ', 'INSERT']);
    expect(runner.isTransactionActive).toBe(false);
    expect(turns.health()).toEqual({ state: 'ready', holder: null, waiting: 0 });

    expect(await lock.toggle()).toBe('released');
    const accepted = write('free');
    await accepted.at(-1);
    await runner.rollbackTransaction();
    await Promise.all(accepted);
    expect(committedIds(file)).toEqual(['free-save', 'free-statement', 'free-step', 'free-transaction']);
  });

  it('and is killed, the lock is gone with it', async () => {
    const { dataSource, notes, file } = await soundHost({ lockTimeoutMs: 60_000 });
    const lock = await lockFile(file);
    const writing = dataSource.transaction((manager) => manager.insert(Note, { id: 'a' }));
    lock.child.kill('SIGKILL');
    await writing;
    await notes.insert({ id: 'b' });
    expect(committedIds(file)).toEqual(['a', 'b']);
  });
});
