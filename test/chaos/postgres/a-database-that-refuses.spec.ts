import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../../scripts/embedded-postgres.js';
import { until } from '../../support/until.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { alike, Fleet } from './support/fleet.js';
import { broken, NOTHING } from './support/promises.js';
import { SLACK_MS } from './support/sizes.js';

const BACK_WITHIN_MS = 5_000;
const MANY_MS = 20_000;
/** A superuser is never one too many, so the nodes are somebody else. */
const ROLE = `chaos_${process.pid}`;

let fleet: Fleet;
let load: FleetLoad;
let database: string;

beforeAll(async () => {
  fleet = await Fleet.create({
    nodes: async (url) => {
      database = new URL(url).pathname.slice(1);
      await query(url, `CREATE ROLE ${ROLE} LOGIN PASSWORD '${ROLE}'; ALTER DATABASE ${database} OWNER TO ${ROLE}`);
      await query(url, `GRANT ALL ON orders TO ${ROLE}`);
      const limited = new URL(url);
      limited.username = ROLE;
      limited.password = ROLE;
      return alike(2, { url: limited.href })();
    },
  });
  load = new FleetLoad(fleet, { transactions: 0 });
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

/** Settings of a database are those of its new sessions. */
async function breakAll(): Promise<void> {
  await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
}

async function onServer(sql: string): Promise<void> {
  const url = new URL(fleet.url);
  url.pathname = '/postgres';
  await query(url.href, sql);
}

describe('a database that can be asked, and refuses', () => {
  it.each([
    [
      'read-only',
      () => onServer(`ALTER DATABASE ${database} SET default_transaction_read_only = on`),
      () => onServer(`ALTER DATABASE ${database} RESET default_transaction_read_only`),
    ],
    [
      'too-many-connections',
      () => onServer(`ALTER ROLE ${ROLE} CONNECTION LIMIT 0`),
      () => onServer(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`),
    ],
  ])(
    'is answered with 503 and Retry-After, and worked with again when it is back (%s)',
    async (how, refuse, relent) => {
      const { refusals } = fleet;
      await refuse();
      await breakAll();
      await until(() => fleet.refusals >= refusals + 3, 'answers that say to come again', MANY_MS);
      await relent();
      await breakAll();
      await fleet.deliver(`after-${how}`, BACK_WITHIN_MS + SLACK_MS);
      expect(fleet.nodes.every(({ serves }) => serves)).toBe(true);
    },
    90_000,
  );

  it('breaks no promise', async () => {
    await load.end();
    await fleet.settle();
    expect(await broken(fleet, load)).toEqual(NOTHING);
  }, 120_000);
});
