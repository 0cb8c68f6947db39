import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASES, type Database } from '../support/databases.js';
import { until } from '../support/until.js';
import { killAllChildren } from './support/child.js';
import { Load } from './support/load.js';
import { seededRandom } from './support/seeded-random.js';
import { World } from './support/world.js';

const KILLS: Record<Database, number> = { sqlite: 12, postgres: 4 };
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
/** One in this many dies while it starts. */
const DIES_STARTING = 5;
const LONGEST_START_MS = 400;
const LONGEST_LIFE_MS = 500;

afterAll(killAllChildren);

describe.each(
  DATABASES.map((database): [number, Database] => [Number(process.env.CHAOS_KILLS ?? KILLS[database]), database]),
)(`a producer that is killed %i times under load on %s, at random times of seed ${SEED}`, (kills, database) => {
  let world: World;
  let broken: Record<string, string[]>;

  beforeAll(
    async () => {
      const random = seededRandom(SEED);
      world = await World.create(database);
      const load = new Load(world, random);
      for (let kill = 1; kill <= kills; kill += 1) {
        if (kill > 1) await world.producer.launch();
        // These pauses are the chance in the test: nothing is expected to have happened by their end.
        if (kill % DIES_STARTING === 0) await pause(random() * LONGEST_START_MS);
        else {
          if (kill > 1) await world.producer.ready();
          await pause(random() * LONGEST_LIFE_MS);
        }
        await world.producer.kill();
      }
      await world.producer.start();
      // On a busy machine none of those lives may have been long enough to get anywhere.
      await until(() => world.follower.events.length > kills && world.signals.all.length > kills / 4, 'load', 60_000);
      await load.end();
      await world.settle();
      broken = await world.broken();
    },
    60_000 + kills * 5_000,
  );

  afterAll(() => world?.close());

  it('has published in every way, rolled back, signalled and answered in between', async () => {
    const { log, orders } = await world.truth();
    expect(log.length).toBeGreaterThan(kills);
    expect(orders.size).toBeGreaterThan(0);
    expect(world.acknowledged.size).toBeGreaterThan(0);
    expect(world.signals.all.length).toBeGreaterThan(kills / 4);
    expect(world.follower.events.length).toBe(log.length);
  });

  it.each([
    'invariant 1: no event without its transaction',
    'invariant 1: committed means in the log, once',
    'invariant 2: positions never move',
    'invariant 3: every event is signalled to every matching endpoint, and to no other',
    'invariant 5: a repeated signal has the same id and bytes',
    'invariant 8: every payload can be fetched as it was published',
    'answers that no crash excuses',
  ])('%s', (promise) => {
    expect(broken[promise]).toEqual([]);
  });
});
