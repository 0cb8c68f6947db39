import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { LONG } from './postgres/support/sizes.js';
import { killAllChildren } from './support/child.js';
import { postgresReceiver, sqliteReceiver } from './support/receiver-databases.js';
import { type Fault, Receiving } from './support/receiving.js';

/** Where the process dies, and at which passing of the point. */
const FAULTS: Fault[] = [
  { point: 'drain: the lease is taken, nothing is read', nth: 1 },
  { point: 'drain: a page has arrived, nothing is stored', nth: 2 },
  { point: 'drain: in the transaction of a page, before COMMIT', nth: 2 },
  { point: 'drain: a page is committed, nobody is told', nth: 2 },
  { point: 'handle: in the transaction of a claim, before COMMIT', nth: 2 },
  { point: 'handle: the claim is durable, nothing has begun', nth: 2 },
  { point: 'handle: in the transaction of the handler, after its write', nth: 5 },
  { point: 'handle: the handler is done, the mark is not written', nth: 5 },
  { point: 'handle: the mark is written, before COMMIT', nth: 5 },
  { point: 'handle: after COMMIT, the lane is not released', nth: 5 },
  { point: 'handle: the handler threw, nothing is settled', nth: 1 },
  { point: 'handle: a failure is settled', nth: 1 },
];
/** Where it counts what the database makes of it: all that is tried on PostgreSQL in the short form. */
const AROUND_A_COMMIT = /a page is committed/;
/** On PostgreSQL a settlement is one statement: there is nothing between it and its commit. */
const IN_SETTLEMENT: Fault = { point: 'handle: in the transaction that settles a failure', nth: 1 };

const nothing = {
  'no event is lost': [],
  'no effect is doubled': [],
  'no effect is of no event': [],
  'events of a subject are handled in order': [],
  'all are done in the inbox': [],
};

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => {
  await killAllChildren();
  await server?.stop();
});

const DATABASES = [
  // In the short form every other one.
  {
    on: 'SQLite',
    database: sqliteReceiver,
    faults: [...FAULTS, IN_SETTLEMENT].filter((_, at) => LONG || at % 2 === 0),
  },
  {
    on: 'PostgreSQL',
    database: async () => postgresReceiver((await server.createDatabase()).url),
    faults: FAULTS.filter(({ point }) => LONG || AROUND_A_COMMIT.test(point)),
  },
];

describe.each(DATABASES)('a receiver on $on that dies', ({ database, faults }) => {
  let receiving: Receiving;
  beforeEach(async () => {
    receiving = await Receiving.create(database);
  });
  afterEach(() => receiving.close());

  it.each(faults)(
    'at "$point" loses nothing and doubles nothing',
    async (fault) => {
      await receiving.publish(20);
      await receiving.start(fault);
      await receiving.publish(5);
      const died = await receiving.died();
      expect([died, (await receiving.lastWords())?.point, receiving.output]).toEqual(['SIGKILL', fault.point, '']);
      await receiving.publish(5);
      await receiving.start();
      await receiving.publish(5);
      await receiving.settle();
      expect(await receiving.broken()).toEqual(nothing);
    },
    60_000,
  );

  it('after it has answered a signal, before it reads the feed, loses nothing', async () => {
    const point = 'accept: the signal is answered, the drain not woken';
    await receiving.start();
    await receiving.publish(3);
    await receiving.settle();
    await receiving.arm({ point, nth: 1 });
    await receiving.publish(1);
    expect([await receiving.died(), (await receiving.lastWords())?.point]).toEqual(['SIGKILL', point]);
    await receiving.start();
    await receiving.settle();
    expect(await receiving.broken()).toEqual(nothing);
  }, 60_000);
});
