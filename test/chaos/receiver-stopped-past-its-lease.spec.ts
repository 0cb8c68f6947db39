import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { size } from './postgres/support/sizes.js';
import { killAllChildren } from './support/child.js';
import { postgresReceiver } from './support/receiver-databases.js';
import { Receiving } from './support/receiving.js';

let server: TestPostgres;
let receiving: Receiving;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
beforeEach(async () => {
  receiving = await Receiving.create(async () => postgresReceiver((await server.createDatabase()).url));
});
afterEach(() => receiving.close());
afterAll(async () => {
  await killAllChildren();
  await server?.stop();
});

/** A node stands still at the point with one event in hand, and only that; answers the event's id. */
async function stoppedAt(point: string, failing = false): Promise<string> {
  await receiving.start();
  // The next event's number is 9, whose handler throws at first, or 10.
  await receiving.publish(failing ? 9 : 10);
  await receiving.settle();
  await receiving.arm({ point, nth: 1, signal: 'SIGSTOP' });
  const [event] = await receiving.publish(1);
  expect(await until(() => receiving.lastWords(), 'one stands still')).toEqual({ point, inHand: { event } });
  return String(event);
}

/** The one that stood still goes on, first beside the other and then alone. */
async function goesOn(): Promise<void> {
  receiving.resume();
  await receiving.publish(5);
  await receiving.settle();
  await receiving.killOthers();
  await receiving.publish(5);
  await receiving.settle();
}

const nothing = {
  'no event is lost': [],
  'no effect is doubled': [],
  'no effect is of no event': [],
  'events of a subject are handled in order': [],
  'all are done in the inbox': [],
};

/** The first one is of the automatic suite. */
const STANDS_STILL: { point: string; failing?: boolean }[] = [
  { point: 'handle: in the transaction of the handler, after its write' },
  { point: 'drain: a page has arrived, nothing is stored' },
  { point: 'handle: the claim is durable, nothing has begun' },
  { point: 'handle: the handler is done, the mark is not written' },
  { point: 'handle: the handler threw, nothing is settled', failing: true },
];

describe('of two nodes on one PostgreSQL, one that stands still past its lease', () => {
  it.each(STANDS_STILL.slice(0, size(1, STANDS_STILL.length)))(
    'at "$point" is too late: the other has handled the event, and that is all that happens',
    async ({ point, failing }) => {
      const event = await stoppedAt(point, failing);
      await receiving.startAnother();
      await until(() => receiving.hasEffect(event), 'the other takes over');
      await goesOn();
      expect(await receiving.broken()).toEqual(nothing);
    },
    120_000,
  );

  it('with the mark written keeps its event until it can commit, and holds up no other subject', async () => {
    const event = await stoppedAt('handle: the mark is written, before COMMIT');
    const [later] = await receiving.publish(1);
    await until(() => receiving.isLeaseOver(event), 'the lease ends');
    await receiving.startAnother();
    await until(() => receiving.hasEffect(String(later)), 'the other handles what comes');
    expect(await receiving.hasEffect(event)).toBe(false);
    await goesOn();
    expect(await receiving.broken()).toEqual(nothing);
  }, 120_000);
});
