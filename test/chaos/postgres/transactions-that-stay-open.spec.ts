import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { PATIENT } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { brokenOrRepeated, NOTHING_AND_NOTHING_TWICE } from './support/promises.js';
import { size, SLACK_MS } from './support/sizes.js';
import { read } from './support/truth.js';

/** At some 200 events a second: three seconds, and five minutes. */
const EVENTS = size(600, 60_000);
const LOAD = { publishers: 12, transactions: 6, pauseMs: 70 };
const TIMES_THE_BASELINE = 3;
/**
 * What a look may pass over besides, in entries: a claim begins 5 s before the present, and every 5 s one looks at everything (see
 * `DueFloor`); sequencing begins where its last snapshot ended.
 */
const AND_SO_MANY = size(1_000, 5_000);

let fleet: Fleet;
let holder: pg.Client;
const loads: FleetLoad[] = [];

beforeAll(async () => {
  fleet = await Fleet.create({ nodes: alike(2, { dispatch: PATIENT }) });
}, 120_000);

afterEach(async () => {
  await holder?.end();
});

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

/** Entries that one look into an index passes over, on average. */
async function entriesPerLook(index: string, during: () => Promise<void>): Promise<number> {
  const counted = async () => {
    const [row] = await read<{ looks: number; entries: number }>(
      fleet.url,
      `SELECT idx_scan::float AS looks, idx_tup_read::float AS entries FROM pg_stat_user_indexes WHERE indexrelname = '${index}'`,
    );
    return row ?? { looks: 0, entries: 0 };
  };
  const before = await counted();
  await during();
  // Counts are told a moment later.
  await until(async () => (await counted()).looks > before.looks, `a look into ${index}`);
  const after = await counted();
  return (after.entries - before.entries) / (after.looks - before.looks);
}

async function publish(most: number): Promise<void> {
  const load = new FleetLoad(fleet, { ...LOAD, most, name: `load-${loads.length}` });
  loads.push(load);
  await load.done();
  const [last] = load.sequences[0]?.slice(-1) ?? [];
  // While the transaction is still open.
  await until(() => fleet.isSignalled(fleet.acknowledged.get(last ?? '')?.id ?? ''), 'the last signals', SLACK_MS);
}

describe('a transaction of somebody else that stays open', () => {
  it.each([
    ['and only reads', 'SELECT count(*) FROM orders'],
    ['and has written', `INSERT INTO orders (id, event_id) VALUES ('never committed', 'none')`],
  ])(
    '%s: what is committed is sequenced and signalled, for about as much work as without it',
    async (_, statement) => {
      const index = 'signpost_endpoint_due';
      const usual = await entriesPerLook(index, () => publish(EVENTS / 4));
      holder = new pg.Client({ connectionString: fleet.url });
      await holder.connect();
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await holder.query(statement);
      const held = await entriesPerLook(index, () => publish(EVENTS));
      expect(held).toBeLessThanOrEqual(TIMES_THE_BASELINE * usual + AND_SO_MANY);
    },
    size(120_000, 900_000),
  );

  it('breaks no promise', async () => {
    await fleet.settle();
    expect(await brokenOrRepeated(fleet, ...loads)).toEqual(NOTHING_AND_NOTHING_TWICE);
  }, 120_000);
});
