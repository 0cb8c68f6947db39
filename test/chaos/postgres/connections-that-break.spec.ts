import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../../scripts/embedded-postgres.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { alike, Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { size, SLACK_MS } from './support/sizes.js';

const FOR_MS = size(5_000, 120_000);
const EVERY_MS = 200;
const BACK_WITHIN_MS = 5_000;

/** Of all connections to this database, whatever they do. */
const TERMINATE_ONE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`;

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

describe(`connections of which one is terminated every ${EVERY_MS} ms`, () => {
  it(
    'are made anew, by the same processes',
    async () => {
      for (const end = performance.now() + FOR_MS; performance.now() < end;) {
        await query(fleet.url, TERMINATE_ONE);
        // The pace of the faults: nothing is expected to have happened by its end.
        await pause(EVERY_MS);
      }
      await fleet.deliver('after-the-last', BACK_WITHIN_MS + SLACK_MS);
      expect(fleet.nodes.every(({ serves }) => serves)).toBe(true);
    },
    60_000 + FOR_MS,
  );

  it('break no promise', async () => {
    await load.end();
    await fleet.settle();
    expect(await broken(fleet, load)).toEqual(NOTHING);
  }, 120_000);
});
