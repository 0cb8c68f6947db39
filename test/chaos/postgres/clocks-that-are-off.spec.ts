import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { killAllChildren } from '../support/child.js';
import { timestampOf } from '../support/signals.js';
import { FleetLoad } from './support/fleet-load.js';
import { PATIENT } from './support/fleet-node.js';
import { Fleet } from './support/fleet.js';
import { brokenOrRepeated, NOTHING_AND_NOTHING_TWICE } from './support/promises.js';
import { LONG, size } from './support/sizes.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ALL_OFF_BY = [SECOND, -SECOND, 5 * MINUTE, -5 * MINUTE, HOUR, -HOUR];
const OFF_BY = LONG ? ALL_OFF_BY : [SECOND, 5 * MINUTE, -HOUR];
const EVENTS = size(300, 5_000);
/** Timestamps of signals are whole seconds. */
const ROUNDING_MS = SECOND;

let fleet: Fleet;
let load: FleetLoad;
let began: number;

beforeAll(
  async () => {
    fleet = await Fleet.create({ nodes: () => OFF_BY.map((clockOffMs) => ({ clockOffMs, dispatch: PATIENT })) });
    began = Date.now();
    load = new FleetLoad(fleet, { most: EVENTS });
    await load.done();
    await fleet.settle(size(30_000, 300_000));
  },
  size(180_000, 600_000),
);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

describe(`nodes whose clocks are off by ${OFF_BY.map((ms) => `${ms / SECOND} s`).join(', ')}`, () => {
  it('keep every promise and send nothing twice', async () => {
    expect(await brokenOrRepeated(fleet, load)).toEqual(NOTHING_AND_NOTHING_TWICE);
  });

  it('all send', async () => {
    const done = await Promise.all(fleet.nodes.map((node) => node.report()));
    for (const { sent } of done) expect(sent).toBeGreaterThan(0);
  });

  it('write the right time on signals and events', async () => {
    const { log } = await fleet.truth();
    const times = [
      ...log.map(({ recordedAt }) => recordedAt),
      ...fleet.signals.all.map((s) => timestampOf(s) * SECOND),
    ];
    // The server and this test have one clock.
    expect(Math.min(...times)).toBeGreaterThanOrEqual(began - ROUNDING_MS);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now() + ROUNDING_MS);
  });
});
