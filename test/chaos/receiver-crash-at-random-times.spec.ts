import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { killAllChildren } from './support/child.js';
import { postgresReceiver, sqliteReceiver } from './support/receiver-databases.js';
import { Receiving } from './support/receiving.js';
import { seededRandom } from './support/seeded-random.js';

const given = process.env.CHAOS_KILLS;
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const LONGEST_LIFE_MS = 400;
const EVENTS_PER_LIFE = 6;

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => {
  await killAllChildren();
  await server?.stop();
});

const DATABASES = [
  { on: 'SQLite', database: sqliteReceiver, kills: Number(given ?? 12) },
  {
    on: 'PostgreSQL',
    database: async () => postgresReceiver((await server.createDatabase()).url),
    kills: Number(given ?? 5),
  },
];

describe.each(DATABASES)(
  `a receiver on $on that is killed $kills times under load, at random times of seed ${SEED}`,
  ({ database, kills }) => {
    let receiving: Receiving;
    let broken: Record<string, string[]>;

    beforeAll(
      async () => {
        const random = seededRandom(SEED);
        receiving = await Receiving.create(database);
        for (let kill = 1; kill <= kills; kill += 1) {
          await receiving.publish(EVENTS_PER_LIFE);
          const started = receiving.start();
          // One in five dies while it starts. These pauses are the chance in the test: nothing is expected to have happened by their end.
          if (kill % 5 !== 0) await started;
          const publishing = receiving.publish(EVENTS_PER_LIFE);
          await pause(random() * LONGEST_LIFE_MS);
          await receiving.kill();
          await Promise.allSettled([started, publishing]);
        }
        await receiving.start();
        await receiving.settle();
        broken = await receiving.broken();
      },
      60_000 + kills * 5_000,
    );
    afterAll(() => receiving?.close());

    it.each([
      'no event is lost',
      'no effect is doubled',
      'no effect is of no event',
      'events of a subject are handled in order',
      'all are done in the inbox',
    ])('%s', (promise) => {
      expect(broken[promise]).toEqual([]);
    });

    it('had work in between', () => {
      expect(receiving.published.length).toBe(kills * 2 * EVENTS_PER_LIFE);
    });
  },
);
