import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from '../../../scripts/embedded-postgres.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { alike, Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { size, SLACK_MS } from './support/sizes.js';

const CRASHES = size(2, 20);
const BETWEEN_MS = 1_500;
const DOWN_MS = 500;
const BACK_WITHIN_MS = 5_000;

let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
let fleet: Fleet;
let load: FleetLoad;

beforeAll(async () => {
  // As it comes, so that what was acknowledged is on the disk.
  server = await startEmbeddedPostgres({});
  fleet = await Fleet.create({ url: server.url, nodes: alike(2) });
  load = new FleetLoad(fleet);
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
  await server?.stop();
});

describe(`PostgreSQL that is stopped at once and started again, ${CRASHES} times under load`, () => {
  it(
    'is worked with again as soon as it is back, by the same processes',
    async () => {
      for (let crash = 1; crash <= CRASHES; crash += 1) {
        // The pauses are the pace of the faults: nothing is expected to have happened by their end.
        await pause(BETWEEN_MS);
        await server.crash();
        await pause(DOWN_MS);
        await server.launch();
        await fleet.deliver(`after-crash-${crash}`, BACK_WITHIN_MS + SLACK_MS);
      }
      expect(fleet.nodes.every(({ serves }) => serves)).toBe(true);
      expect(fleet.refusals).toBeGreaterThan(0);
    },
    60_000 + CRASHES * 30_000,
  );

  it('breaks no promise: what was acknowledged is there', async () => {
    await load.end();
    await fleet.settle();
    expect(await broken(fleet, load)).toEqual(NOTHING);
  }, 120_000);
});
