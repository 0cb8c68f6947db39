import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { LEASE_MS, type FleetNode } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { size, SLACK_MS } from './support/sizes.js';

const FREEZES = size(1, 20);

let fleet: Fleet;
let load: FleetLoad;

beforeAll(async () => {
  fleet = await Fleet.create({ nodes: alike(2) });
  load = new FleetLoad(fleet);
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

/** Stops a node that has a signal on its way. The signal is answered; the node only does not know yet. */
async function freezeOne(): Promise<FleetNode> {
  for (;;) {
    const { signal, answer } = await fleet.signals.held();
    const node = await fleet.ownerOf(signal);
    node?.freeze();
    // On a busy machine the attempt may have been given up by now.
    const isOnItsWay = node !== undefined && (await fleet.ownerOf(signal)) === node;
    answer();
    if (isOnItsWay) return node;
    node?.thaw();
  }
}

describe('a node that is stopped past its lease and goes on', () => {
  it(
    'may not write down any more what became of its signal',
    async () => {
      const known = new Map<FleetNode, number>();
      for (let freeze = 1; freeze <= FREEZES; freeze += 1) {
        const node = await freezeOne();
        const isTakenOver = async () => !(await fleet.isHolding(node.ownerPrefix));
        await until(isTakenOver, 'the take-over', LEASE_MS + SLACK_MS);
        node.thaw();
        await until(async () => (await node.report()).lostLeases > (known.get(node) ?? 0), 'the refusal');
        known.set(node, (await node.report()).lostLeases);
      }
    },
    60_000 + FREEZES * 30_000,
  );

  it('breaks no promise', async () => {
    await load.end();
    await fleet.settle();
    expect(await broken(fleet, load)).toEqual(NOTHING);
  }, 120_000);
});
