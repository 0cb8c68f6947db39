import { afterEach, describe, expect, it } from '@jest/globals';
import { TurnTimeoutError } from '../../../src/database/errors.js';
import { closeHosts, Note, settle, soundHost } from './host.js';

afterEach(closeHosts);

/** A clock that stands still until the test moves it. */
function manualClock() {
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    now: () => now,
    setTimeout: (callback: () => void, ms: number) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return timer;
    },
    clearTimeout: (timer: unknown) => {
      timers = timers.filter((other) => other !== timer);
    },
    advance: (ms: number) => {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
    pending: () => timers.length,
  };
}

describe('who waits too long for a turn', () => {
  it('is told who holds the connection, since when, and where that began', async () => {
    const clock = manualClock();
    const { dataSource, turns, notes } = await soundHost({ clock, turnTimeoutMs: 1_000 });
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    clock.advance(200);
    const waiting = [turns.step('publish', () => 1), turns.read('feed', () => 1), notes.insert({ id: 'a' })];
    await settle();
    expect(turns.health()).toEqual({ state: 'ready', holder: { label: 'host transaction', sinceMs: 200 }, waiting: 3 });
    clock.advance(999);
    clock.advance(1);
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TurnTimeoutError) });
      const { holder, message } = (outcome as PromiseRejectedResult).reason as TurnTimeoutError;
      expect(holder).toMatchObject({ label: 'host transaction', sinceMs: 1_200 });
      expect(holder?.beganAt).toContain('turn-timeout.spec.ts');
      expect(message).toContain('"host transaction" has held it for 1200 ms');
    }
    expect(turns.health().waiting).toBe(0);
    expect(clock.pending()).toBe(0);

    // The holder itself is not disturbed, and everything works again once it ends.
    await runner.manager.insert(Note, { id: 'b' });
    await runner.commitTransaction();
    await runner.release();
    await expect(notes.count()).resolves.toBe(1);
    await expect(turns.step('publish', () => 2)).resolves.toBe(2);
  });

  it('gives up alone: who came later keeps waiting for as long as it may', async () => {
    const clock = manualClock();
    const { dataSource, turns } = await soundHost({ clock, turnTimeoutMs: 1_000 });
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const early = turns.step('early', () => 'early');
    clock.advance(600);
    const late = turns.step('late', () => 'late');
    clock.advance(400);
    await expect(early).rejects.toBeInstanceOf(TurnTimeoutError);
    await runner.rollbackTransaction();
    await expect(late).resolves.toBe('late');
  });

  it('does not let a step that was about to run slip into a host transaction that took its place', async () => {
    const clock = manualClock();
    const { dataSource, turns } = await soundHost({ clock, turnTimeoutMs: 1_000 });
    const given = turns.step('given up', () => 1);
    clock.advance(1_000);
    const runner = dataSource.createQueryRunner();
    const starting = runner.startTransaction();
    const step = turns.step('next', (db) => db.prepare('SELECT count(*) FROM note').pluck().get());
    await expect(given).rejects.toBeInstanceOf(TurnTimeoutError);
    await starting;
    await runner.manager.insert(Note, { id: 'a' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner.isTransactionActive).toBe(true);
    await runner.commitTransaction();
    await expect(step).resolves.toBe(1);
  });
});
