import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { PATIENT } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { brokenOrRepeated, NOTHING_AND_NOTHING_TWICE } from './support/promises.js';
import { size } from './support/sizes.js';

const EVENTS = size(200, 5_000);

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.create({ nodes: alike(2, { poolSize: 1, hostPoolSize: 1, dispatch: PATIENT }) });
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

describe('an engine with one connection in an application with one connection', () => {
  it(
    'does everything, however many want it: one after the other, and nobody waits for himself',
    async () => {
      const load = new FleetLoad(fleet, { publishers: 6, transactions: 6, pauseMs: 0, most: EVENTS });
      await load.done();
      await fleet.settle(size(30_000, 300_000));
      expect(await brokenOrRepeated(fleet, load)).toEqual(NOTHING_AND_NOTHING_TWICE);
    },
    size(120_000, 600_000),
  );
});
