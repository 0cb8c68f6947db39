import { describe, expect, it } from '@jest/globals';
import { QueryFailedError, type DataSource } from 'typeorm';
import { EventAttempt } from '../../../src/receiver/handle/event-attempt.js';
import type { Handler } from '../../../src/receiver/handle/handler-registry.js';
import { HandlingPolicy } from '../../../src/receiver/handle/handling-policy.js';
import type { Claim, FailedAttempt, InboxStore } from '../../../src/receiver/inbox/inbox-store.js';

const claim = (attempts = 1): Claim =>
  ({
    entry: {
      id: 'evt_1',
      type: 'a.b',
      producer: 'default',
      attempts,
      occurredAt: 0,
      recordedAt: 0,
      data: '{}',
      redacted: null,
    },
    lane: null,
    token: 1,
  }) as unknown as Claim;

interface Surroundings {
  handler?: Handler['run'];
  begin?: () => void;
  marked?: boolean;
  /** What the store says to a failure that is settled. */
  held?: boolean;
}

/** An attempt whose database does as it is told. */
function attempt({ handler = () => undefined, begin = () => undefined, marked = true, held = true }: Surroundings) {
  const settled: FailedAttempt[] = [];
  const store = {
    markDone: () => Promise.resolve(marked),
    settleFailure: (_: unknown, outcome: FailedAttempt) => {
      settled.push(outcome);
      return Promise.resolve(held);
    },
  } as unknown as InboxStore;
  const dataSource = {
    transaction: async (work: (manager: unknown) => Promise<unknown>) => {
      begin();
      return work({});
    },
  } as unknown as DataSource;
  const handlers = { handlerOf: () => ({ name: 'X.on', pattern: 'a.b', transaction: true, run: handler }) };
  const policy = new HandlingPolicy([10, 20], 'hold', () => 0.5);
  return { settled, attempt: new EventAttempt(store, dataSource, handlers, policy) };
}

const fail = (error: unknown) => () => {
  throw error;
};
const sqlState = (code: string) => new QueryFailedError('UPDATE', [], Object.assign(new Error('no'), { code }));
const run = (surroundings: Surroundings, { attempts = 1, stopping = false } = {}) => {
  const aborter = new AbortController();
  if (stopping) aborter.abort();
  const made = attempt(surroundings);
  return made.attempt.run(claim(attempts), aborter.signal, () => stopping).then((outcome) => ({ ...made, outcome }));
};

describe('an attempt', () => {
  it('is done when the handler and the mark are', async () => {
    expect(await run({})).toMatchObject({ outcome: 'done', settled: [] });
  });

  it('is lost when another worker has the event: nothing is written about it', async () => {
    expect(await run({ marked: false })).toMatchObject({ outcome: 'lost', settled: [] });
    expect(await run({ handler: fail(new Error('no')), held: false })).toMatchObject({ outcome: 'lost' });
  });

  it('counts when the handler throws, whatever it throws', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    for (const error of [new Error('no'), 'text', undefined, refused, sqlState('23505')]) {
      expect(await run({ handler: fail(error) })).toMatchObject({ outcome: 'retry', settled: [{ inMs: 10 }] });
    }
  });

  it('does not count when the database is in trouble', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(await run({ begin: fail(away) })).toMatchObject({ outcome: 'returned' });
    expect(await run({ handler: fail(sqlState('40P01')) })).toMatchObject({ outcome: 'returned' });
    expect(await run({ handler: fail(sqlState('57P01')) })).toMatchObject({ outcome: 'returned' });
  });

  it('counts when the database breaks it off time after time: the handler does that to itself', async () => {
    const made = attempt({ handler: fail(sqlState('40001')) });
    const again = () => made.attempt.run(claim(), new AbortController().signal, () => false);
    const outcomes: string[] = [];
    for (let time = 0; time < 12; time++) outcomes.push(await again());
    expect(outcomes).toEqual([...Array<string>(10).fill('returned'), 'retry', 'retry']);
  });

  it('is excused anew after one that was not broken off', async () => {
    let error: Error | undefined = sqlState('40001');
    const handler = () => {
      if (error) throw error;
    };
    const made = attempt({ handler });
    const again = () => made.attempt.run(claim(), new AbortController().signal, () => false);
    for (const other of [new Error('no'), undefined]) {
      error = sqlState('40001');
      for (let time = 0; time < 10; time++) expect(await again()).toBe('returned');
      error = other;
      expect(await again()).not.toBe('returned');
    }
    error = sqlState('40001');
    expect(await again()).toBe('returned');
  });

  it('does not count when a shutdown breaks it off', async () => {
    expect(await run({ handler: fail(new Error('aborted')) }, { stopping: true })).toMatchObject({
      outcome: 'returned',
    });
  });

  it('is not made when all that there are have been begun: their workers died over it', async () => {
    let called = false;
    const handler = () => void (called = true);
    expect(await run({ handler }, { attempts: 4 })).toMatchObject({ outcome: 'parked' });
    expect(called).toBe(false);
    expect(await run({ handler }, { attempts: 3 })).toMatchObject({ outcome: 'done' });
  });

  it('keeps the error’s words, and not too many of them', async () => {
    const { settled } = await run({ handler: fail(new TypeError('x'.repeat(5_000))) });
    const [{ error } = { error: '' }] = settled as { error: string }[];
    expect(error.startsWith('TypeError: xxx')).toBe(true);
    expect(error.length).toBeLessThan(1_100);
  });
});
