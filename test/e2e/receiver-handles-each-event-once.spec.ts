import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HandlingOrder } from '../../src/receiver/index.js';
import { CrashingReceiver, POINTS, type Step } from '../support/crashing-receiver.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

const given = process.env['PROPERTY_RUNS'];

const subject = fc.constantFrom('a', 'b', 'c', undefined);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      subjects: fc.array(subject, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('signal' as const),
      how: fc.constantFrom(
        'as it is' as const,
        'dropped' as const,
        'twice' as const,
        'held' as const,
        'repeated' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      order: fc.constantFrom('in order' as const, 'reversed' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('handlers fail' as const), times: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      at: fc.constantFrom(...POINTS),
      nth: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

/** The steps are taken, everything comes to its end, and then each event has had its effect, in order where there is one. */
async function expectEachOnce(receiver: CrashingReceiver, order: HandlingOrder, steps: readonly Step[]): Promise<void> {
  for (const action of steps) await receiver.take(action);
  const effects = await receiver.settle();
  const ids = receiver.published.map(({ id }) => id);
  expect([...effects].sort()).toEqual([...ids].sort());
  if (order === 'all') expect(effects).toEqual(ids);
  if (order === 'subject') {
    for (const name of ['a', 'b', 'c']) {
      const own = receiver.published.filter((event) => event.subject === name).map(({ id }) => id);
      expect(effects.filter((id) => own.includes(id))).toEqual(own);
    }
  }
}

const SQLITE = { on: 'SQLite', runs: Number(given ?? 5), database: () => Promise.resolve(undefined) };
const POSTGRES = { on: 'PostgreSQL', runs: Number(given ?? 2), database: () => server.createDatabase() };

describe.each([SQLITE, POSTGRES])(
  'on $on, whatever happens to signals, to the receiver and to its handlers',
  (where) => {
    async function withReceiver(
      order: HandlingOrder,
      use: (receiver: CrashingReceiver) => Promise<void>,
    ): Promise<void> {
      const database = await where.database();
      const receiver = await CrashingReceiver.create(order, database?.url);
      try {
        await use(receiver);
      } finally {
        await receiver.close();
        await database?.drop();
      }
    }

    it.each(['subject', 'all', 'none'] as const)(
      'every event has its effect once (order: %s)',
      async (order) => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), (steps) =>
            withReceiver(order, (receiver) => expectEachOnce(receiver, order, steps)),
          ),
          { numRuns: where.runs, endOnFailure: true },
        );
      },
      180_000,
    );

    it.each(POINTS)('a crash at "%s" does happen, and every event has its effect once', async (at) => {
      await withReceiver('subject', async (receiver) => {
        await expectEachOnce(receiver, 'subject', [
          { do: 'handlers fail', times: 1 },
          { do: 'crash', at, nth: 1 },
        ]);
        expect(receiver.deaths).toEqual([at]);
      });
    });
  },
);
