import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../../scripts/embedded-postgres.js';
import { killAllChildren } from '../support/child.js';
import { FleetLoad } from './support/fleet-load.js';
import { PATIENT } from './support/fleet-node.js';
import { alike, Fleet } from './support/fleet.js';
import { brokenOrRepeated, NOTHING_AND_NOTHING_TWICE } from './support/promises.js';
import { SLACK_MS } from './support/sizes.js';

/** What the next version's migrations may do: they add. */
const NEXT_VERSION = [
  'ALTER TABLE signpost_endpoint_position ADD COLUMN next_version TEXT',
  `ALTER TABLE signpost_endpoint ADD COLUMN next_version INTEGER NOT NULL DEFAULT 7`,
  `ALTER TABLE signpost_event ADD COLUMN next_version TEXT`,
  'ALTER TABLE signpost_log ADD COLUMN next_version BIGINT',
  'CREATE TABLE signpost_next_version (id BIGINT PRIMARY KEY)',
  `INSERT INTO signpost_migration (timestamp, name) VALUES (9999999999999, 'NextVersion9999999999999')`,
];

let fleet: Fleet;
let load: FleetLoad;

beforeAll(async () => {
  fleet = await Fleet.create({ nodes: alike(2, { dispatch: PATIENT }) });
  load = new FleetLoad(fleet);
}, 120_000);

afterAll(async () => {
  await fleet?.close();
  await killAllChildren();
});

describe('nodes that run while a newer version migrates their schema', () => {
  it('go on working', async () => {
    await fleet.deliver('before', SLACK_MS);
    for (const statement of NEXT_VERSION) await query(fleet.url, statement);
    await fleet.deliver('after', SLACK_MS);
  }, 60_000);

  it('break no promise', async () => {
    await load.end();
    await fleet.settle();
    expect(await brokenOrRepeated(fleet, load)).toEqual(NOTHING_AND_NOTHING_TWICE);
  }, 120_000);

  it('refuse to start again: what they do not know may matter', async () => {
    const [node] = fleet.nodes;
    await node?.kill();
    expect(await node?.startRefused()).toBe('schema_too_new');
  }, 60_000);
});
