import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { PATIENT } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { brokenOrRepeated, NOTHING_AND_NOTHING_TWICE } from './support/promises.js';
import { size } from './support/sizes.js';

const NODES = 3;
const EVENTS = size(1_000, 20_000);
/** Of all signals, a node's part at least. */
const SMALLEST_SHARE = 0.15;

let fleet: Fleet;
let load: FleetLoad;

beforeAll(
  async () => {
    fleet = await Fleet.create({ nodes: alike(NODES, { dispatch: PATIENT }) });
    load = new FleetLoad(fleet, { publishers: 12, transactions: 6, pauseMs: 10, most: EVENTS });
    await load.done();
    await fleet.settle(size(30_000, 300_000));
  },
  size(120_000, 1_200_000),
);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

describe(`${NODES} nodes, ${EVENTS} events, 5 endpoints and no fault`, () => {
  it('have published everything, and the reader has it', () => {
    expect(fleet.acknowledged.size + fleet.placed.size).toBe(EVENTS);
    expect(fleet.follower.events.length).toBe(EVENTS);
  });

  it('keep every promise and send nothing twice', async () => {
    expect(await brokenOrRepeated(fleet, load)).toEqual(NOTHING_AND_NOTHING_TWICE);
  });

  it(`share the work: no node has less than ${SMALLEST_SHARE * 100} % of it`, async () => {
    const sent = await Promise.all(fleet.nodes.map(async (node) => (await node.report()).sent));
    const all = sent.reduce((sum, count) => sum + count, 0);
    expect(all).toBe(fleet.signals.all.length);
    for (const count of sent) expect(count / all).toBeGreaterThanOrEqual(SMALLEST_SHARE);
  });
});
