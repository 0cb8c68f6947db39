import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { LEASE_MS } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { size, SLACK_MS } from './support/sizes.js';

const KILLS = size(2, 100);
const EVERY_MS = 3_000;
const RESTART_AFTER_MS = 2_000;
/** After the end of a lease, its endpoint is with somebody else. */
const TAKEN_OVER_WITHIN_MS = 1_000;

let fleet: Fleet;
let load: FleetLoad;

beforeAll(async () => {
  fleet = await Fleet.create({ nodes: alike(3) });
  load = new FleetLoad(fleet);
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

/** Kills the node that has a signal on its way; resolves when somebody else has taken over, and it is back. */
async function killOne(): Promise<void> {
  const { signal, answer } = await fleet.signals.held();
  const node = await until(() => fleet.ownerOf(signal), 'an owner of the endpoint');
  const { ownerPrefix } = node;
  await node.kill();
  answer();
  const isTakenOver = async () => !(await fleet.isHolding(ownerPrefix));
  await Promise.all([
    until(isTakenOver, 'the take-over', LEASE_MS + TAKEN_OVER_WITHIN_MS + SLACK_MS),
    pause(RESTART_AFTER_MS).then(() => node.start()),
  ]);
}

describe(`a node that is killed with a signal on its way, ${KILLS} times under load`, () => {
  it(
    'is taken over from when its leases end',
    async () => {
      const kills: Promise<void>[] = [];
      for (let kill = 1; kill <= KILLS; kill += 1) {
        // The pauses are the pace of the faults: nothing is expected to have happened by their end.
        kills.push(killOne());
        await pause(EVERY_MS);
        await until(() => fleet.nodes.every(({ serves }) => serves), 'the killed node', 60_000);
      }
      await Promise.all(kills);
    },
    60_000 + KILLS * 60_000,
  );

  it('breaks no promise', async () => {
    await load.end();
    await fleet.settle();
    expect(fleet.signals.all.length).toBeGreaterThan(KILLS * fleet.paths.length);
    expect(await broken(fleet, load)).toEqual(NOTHING);
  }, 120_000);
});
