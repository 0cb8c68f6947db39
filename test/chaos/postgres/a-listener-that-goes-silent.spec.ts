import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { POLL_INTERVAL_MS } from './support/fleet-node.js';
import { Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { SilentProxy } from './support/silent-proxy.js';
import { size, SLACK_MS } from './support/sizes.js';

const TIMES = size(2, 10);
const WITHIN_MS = POLL_INTERVAL_MS + 1_000;

let listening: SilentProxy;
let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.create({
    nodes: async (url) => {
      listening = await SilentProxy.before(url);
      // One publishes; only the one that is cut off could send.
      return [{ dispatch: false }, { listenUrl: listening.url }];
    },
  });
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  listening?.close();
  await killAllChildren();
});

describe('the connection that listens, when it is there and carries nothing any more', () => {
  it(
    'delays signals by a look at the log and no more',
    async () => {
      for (let time = 1; time <= TIMES; time += 1) {
        await fleet.deliver(`before-${time}`, WITHIN_MS + SLACK_MS);
        await until(() => listening.goSilent() > 0, 'a connection to silence');
        await fleet.deliver(`after-${time}`, WITHIN_MS + SLACK_MS);
      }
    },
    60_000 + TIMES * 30_000,
  );

  it('breaks no promise', async () => {
    await fleet.settle();
    expect(await broken(fleet)).toEqual(NOTHING);
  }, 120_000);
});
