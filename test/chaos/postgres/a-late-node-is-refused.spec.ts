import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { LEASE_MS } from './support/fleet-node.js';
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

describe('a node that is stopped past its lease and goes on', () => {
  it(
    'may not write down any more what became of its signal',
    async () => {
      for (let freeze = 1; freeze <= FREEZES; freeze += 1) {
        const { signal, answer } = await fleet.signals.held();
        const node = await until(() => fleet.ownerOf(signal), 'an owner of the endpoint');
        const { lostLeases } = await node.report();
        node.freeze();
        // It is answered; the node only does not know yet.
        answer();
        const id = String(signal.headers['webhook-id']);
        await until(() => fleet.signals.withId(id).length > 1, 'the signal from another node', LEASE_MS + SLACK_MS);
        node.thaw();
        await until(async () => (await node.report()).lostLeases > lostLeases, 'the refusal');
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
