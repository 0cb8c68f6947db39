import { afterEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { SqliteTurns } from '../../../src/database/sqlite-turns.js';
import { closeHosts, committedIds, gate, Note, plainHost, soundHost, temporaryFile } from './host.js';

afterEach(closeHosts);

/** A begins, B begins and resolves, then A ends: one way or the other. */
async function overlap(dataSource: DataSource, aFails: boolean): Promise<PromiseSettledResult<unknown>[]> {
  const aHasWritten = gate();
  const bIsUnderWay = gate();
  const a = dataSource.transaction(async (manager) => {
    await manager.insert(Note, { id: 'a' });
    aHasWritten.open();
    await bIsUnderWay.opened;
    if (aFails) throw new Error('A fails');
  });
  await aHasWritten.opened;
  const b = dataSource.transaction(async (manager) => {
    await manager.insert(Note, { id: 'b' });
    if (!aFails) throw new Error('B fails');
  });
  // B gets as far as it can while A is still open.
  await Promise.race([b.catch(() => undefined), new Promise((resolve) => setImmediate(resolve))]);
  bIsUnderWay.open();
  return Promise.allSettled([a, b]);
}

interface Ledger {
  acknowledged: string[];
  rejected: string[];
  errors: unknown[];
}

/** 200 transactions started in one tick, every third failing, beside plain writes, manual runners and engine steps. */
async function storm(dataSource: DataSource, turns?: SqliteTurns): Promise<Ledger> {
  const ledger: Ledger = { acknowledged: [], rejected: [], errors: [] };
  const expected = new Error('this transaction is meant to fail');
  const note = (id: string, work: Promise<unknown>): Promise<void> =>
    work.then(
      () => void ledger.acknowledged.push(id),
      (error: unknown) => {
        ledger.rejected.push(id);
        if (error !== expected) ledger.errors.push(error);
      },
    );
  const notes = dataSource.getRepository(Note);
  const all: Promise<void>[] = [];
  for (let i = 0; i < 200; i++) {
    const id = `tx-${i}`;
    const transaction = dataSource.transaction(async (manager) => {
      await manager.insert(Note, { id });
      await new Promise((resolve) => setImmediate(resolve));
      await manager.update(Note, { id }, { body: 'seen' });
      if (i % 3 === 0) throw expected;
    });
    all.push(note(id, transaction));
    if (i % 4 === 0) all.push(note(`plain-${i}`, notes.save({ id: `plain-${i}` })));
    if (i % 5 === 0)
      all.push(note(`manual-${i}`, manual(dataSource, `manual-${i}`, i % 2 === 0 ? expected : undefined)));
    if (turns && i % 2 === 0) {
      const insert = turns.step('insert', () => {
        turns.prepare('INSERT INTO note (id) VALUES (?)').run(`step-${i}`);
        if (i % 3 === 0) throw expected;
      });
      all.push(note(`step-${i}`, insert));
    }
  }
  await Promise.all(all);
  return ledger;
}

async function manual(dataSource: DataSource, id: string, failure: Error | undefined): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.manager.insert(Note, { id });
    await new Promise((resolve) => setImmediate(resolve));
    if (failure) throw failure;
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

describe('plain TypeORM on better-sqlite3', () => {
  it('loses the acknowledged row of B when A rolls back, and mixes up 200 transactions', async () => {
    const file = temporaryFile();
    const dataSource = await plainHost({}, file);

    const [a, b] = await overlap(dataSource, true);
    expect([a?.status, b?.status]).toEqual(['rejected', 'fulfilled']);
    expect(committedIds(file)).not.toContain('b');

    const ledger = await storm(dataSource);
    expect(ledger.errors).not.toEqual([]);
  });
});

describe('with turns installed', () => {
  it('keeps the row of B, which resolved, when A rolls back', async () => {
    const { dataSource, file } = await soundHost();
    const [a, b] = await overlap(dataSource, true);
    expect([a?.status, b?.status]).toEqual(['rejected', 'fulfilled']);
    expect(committedIds(file)).toEqual(['b']);
  });

  it('keeps the row of A, which resolved, when B fails', async () => {
    const { dataSource, file } = await soundHost();
    const [a, b] = await overlap(dataSource, false);
    expect([a?.status, b?.status]).toEqual(['fulfilled', 'rejected']);
    expect(committedIds(file)).toEqual(['a']);
  });

  it('loses nothing and leaks nothing in 200 overlapping transactions, plain writes, manual runners and engine steps', async () => {
    const { dataSource, turns, file } = await soundHost();
    const ledger = await storm(dataSource, turns);
    expect(ledger.errors).toEqual([]);
    expect(ledger.rejected.length).toBeGreaterThan(67);
    expect(committedIds(file)).toEqual(ledger.acknowledged.sort());
    expect(turns.health()).toEqual({ state: 'ready', holder: null, waiting: 0 });
  });
});
