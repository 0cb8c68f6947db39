import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ServerClock } from '../../src/database/postgres-clock.js';
import { IdGenerator, type EventId, type ReceiverId } from '../../src/protocol/ids.js';
import { PostgresDispatchStore } from '../../src/producer/dispatch/postgres-dispatch-store.js';
import { SIGNPOST_ENTITIES } from '../../src/producer/entities.js';
import { PostgresAppend } from '../../src/producer/log/postgres-append.js';
import { PostgresLogReader } from '../../src/producer/log/postgres-log-reader.js';
import { PostgresMetadata } from '../../src/producer/log/postgres-metadata.js';
import { PostgresProgressStore } from '../../src/producer/log/postgres-progress-store.js';
import { PostgresPrune } from '../../src/producer/log/postgres-prune.js';
import { PostgresSequencer } from '../../src/producer/log/postgres-sequencer.js';
import { PostgresTenants } from '../../src/producer/log/postgres-tenants.js';
import { runMigrations } from '../../src/producer/migrations/run-migrations.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { addEndpoint, addReceiver } from '../support/subscriptions.js';
import { outcome } from './dispatch-store.contract.js';
import { anEvent } from './event-store.contract.js';
import { ExplainingEngine, nodesOf, type PlanNode } from './postgres-plans.js';

const EVENTS = 1_000_000;
const ENDPOINTS = 10_000;
const BIG = /^signpost_(event|log|outbox|endpoint_position)$/;

let server: TestPostgres;
let dataSource: DataSource;
let engine: ExplainingEngine;
let tenants: PostgresTenants;
let store: PostgresDispatchStore;
let sequencer: PostgresSequencer;
let receiver: ReceiverId;
const ids = new IdGenerator();
const clock = new ServerClock();

beforeAll(async () => {
  server = await startPostgres();
  dataSource = await new DataSource({
    type: 'postgres',
    url: (await server.createDatabase()).url,
    entities: SIGNPOST_ENTITIES,
  }).initialize();
  await runMigrations(dataSource);
  engine = new ExplainingEngine(dataSource, { size: 4, name: 'plans' });
  const run = (sql: string, values: unknown[] = []) => dataSource.query<unknown>(sql, values);
  for (const table of ['event', 'log', 'outbox', 'endpoint_position', 'receipt', 'log_matched']) {
    await run(`ALTER TABLE signpost_${table} SET (autovacuum_enabled = false)`);
  }
  // Half of the events are of one tenant, the others of a thousand.
  await run(
    `WITH e AS (INSERT INTO signpost_event (partition, id, tenant, type, occurred_at, recorded_at, idempotency_key, data)
       SELECT 0, 'evt_' || n, CASE WHEN n % 2 = 0 THEN 'acme' ELSE 't' || n % 1000 END, 'type.' || n % 50, n, n, 'key-' || n, '{}'
       FROM generate_series(1, $1::int) AS n RETURNING ordinal, id, tenant, type)
     INSERT INTO signpost_log (partition, position, ordinal, id, tenant, type) SELECT 0, ordinal, ordinal, id, tenant, type FROM e`,
    [EVENTS],
  );
  await run(`INSERT INTO signpost_log_matched VALUES (0, $1)`, [EVENTS]);
  receiver = await addReceiver(dataSource, ids);
  await addEndpoint(dataSource, ids, receiver, { start: EVENTS });
  for (const [table, id] of Object.entries({
    endpoint: 'id',
    endpoint_filter: 'endpoint_id',
    endpoint_position: 'endpoint_id',
  })) {
    await run(
      `INSERT INTO signpost_${table} SELECT (jsonb_populate_record(t, jsonb_build_object('${id}', 'ep_' || n))).*
       FROM signpost_${table} t, generate_series(1, $1::int) AS n`,
      [ENDPOINTS - 1],
    );
  }
  // Most wait for a deadline that is far off; those of another tenant do not wake for this one's events.
  await run(
    `UPDATE signpost_endpoint_filter SET tenant = 'idle-' || endpoint_id WHERE endpoint_id LIKE 'ep\\_%' AND length(endpoint_id) > 5`,
  );
  await run(`UPDATE signpost_endpoint_position SET due_at = 9000000000000 + length(endpoint_id)`);
  await run(`INSERT INTO signpost_receiver_position VALUES ($1, $2, $2)`, [receiver, EVENTS - 50_000]);
  await run(`INSERT INTO signpost_receipt SELECT $1, n, n % 2 FROM generate_series($2::int, $3::int) AS n`, [
    receiver,
    EVENTS - 40_000,
    EVENTS - 1_000,
  ]);
  await run('VACUUM ANALYZE');
  tenants = new PostgresTenants(engine, 1);
  sequencer = new PostgresSequencer(engine, 0, 'unheard', clock);
  const policy = { retrySchedule: [5_000], confirmSchedule: [300_000], disableAfterMs: 1_000_000, leaseMs: 60_000 };
  store = new PostgresDispatchStore(
    engine,
    ids,
    policy,
    clock,
    () => 0.5,
    () => Promise.resolve(),
  );
  await tenants.partitionOf('acme');
  await sequencer.step();
}, 180_000);
afterAll(async () => {
  await engine?.close();
  await dataSource?.destroy();
  await server?.stop();
});
beforeEach(() => {
  engine.plans.length = 0;
});

const everything = { tenant: 'acme', types: [['*']] };
const some = { tenant: 'acme', types: [['type.7', 'other.*']] };
const small = { tenant: 't7', types: [['*']] };
const eventIds = (count: number) => Array.from({ length: count }, (_, n) => `evt_${2 * n + 500_000}` as EventId);

/** Commits events, past the group, and gives them positions. */
async function publish(count: number, sequence = true): Promise<void> {
  const placed = Array.from({ length: count }, () => ({ ...anEvent(), partition: 0 }));
  await new PostgresAppend(engine).insert(
    (text, values) => engine.connections.use((client) => client.query(text, values)),
    placed,
  );
  if (sequence) await sequencer.step();
}

const due = (count: number) =>
  dataSource.query(
    `UPDATE signpost_endpoint_position SET head = signalled_through + 1, due_at = 1 WHERE endpoint_id IN (SELECT 'ep_' || n FROM generate_series(1, $1::int) AS n)`,
    [count],
  );

describe('with a million events and ten thousand endpoints, on PostgreSQL', () => {
  const reader = () => new PostgresLogReader(engine, tenants);
  const metadata = () => new PostgresMetadata(engine, reader());
  const progress = () => new PostgresProgressStore(engine);
  const middle = { partition: 0, position: EVENTS / 2 };

  it.each<[string, number, () => Promise<unknown>]>([
    ['a page of the feed', 3_000, () => reader().page({ ...everything, after: EVENTS / 2, limit: 100 })],
    ['a page of some types', 25_000, () => reader().page({ ...some, after: EVENTS / 2, limit: 100 })],
    ['a page of a small tenant', 3_000, () => reader().page({ ...small, after: 0, limit: 100 })],
    ['the end of the feed', 500, () => reader().page({ ...everything, after: EVENTS, limit: 100 })],
    ['an event by its id', 100, () => reader().byId(eventIds(1), everything)],
    ['a hundred events by their ids', 2_000, () => reader().byId(eventIds(100), everything)],
    ['positions for acks by id', 2_000, () => progress().positionsOf(eventIds(100), some)],
    ['a count up to a cap', 25_000, () => reader().count(some, EVENTS - 20_000, EVENTS, 100)],
    ['a page of the operator’s list', 3_000, () => metadata().list({ after: middle, limit: 100 })],
    ['the operator’s list of a subject', 60_000, () => metadata().list({ subject: 'none', after: middle, limit: 100 })],
    [
      'the operator’s list of a small tenant',
      25_000,
      () => metadata().list({ tenant: 't7', type: 'type.7', after: middle, limit: 100 }),
    ],
    [
      'marks and receipts',
      2_000,
      () =>
        progress().receipts(
          receiver,
          eventIds(100).map((_, n) => EVENTS - 40_000 + n),
        ),
    ],
    [
      'progress',
      60_000,
      () =>
        progress().apply([
          { receiver, progress: { kind: 'fetched-through', through: EVENTS - 49_000 } },
          { receiver, progress: { kind: 'acked', positions: [EVENTS - 10, EVENTS - 9] } },
        ]),
    ],
    ['the next due time', 100, () => store.nextDueAt()],
    ['nothing to wake for', 200, () => store.wake(1_000)],
    ['a renewal', 500, () => store.renew([], 'me')],
    ['an empty claim', 200, () => store.claim({ owner: 'me', limit: 100 })],
    ['a step with nothing to sequence', 200, () => sequencer.step()],
    ['a batch of retention', 20_000, () => new PostgresPrune(engine, tenants).batch(200, 100, 100)],
  ])('%s is found, not searched for', async (_, blocks, work) => {
    await work();
    expectLooksOnly(engine.plans, blocks);
  });

  it('publishing, sequencing, waking, claiming and settling touch what they concern', async () => {
    await publish(500, false);
    engine.plans.length = 0;
    await sequencer.step();
    expectLooksOnly(engine.plans, 30_000);
    engine.plans.length = 0;
    await store.wake(1_000);
    expectLooksOnly(engine.plans, 10_000);
    await due(50);
    engine.plans.length = 0;
    const claims = await store.claim({ owner: 'me', limit: 20 });
    expect(claims).toHaveLength(20);
    expectLooksOnly(engine.plans, 10_000);
    engine.plans.length = 0;
    await store.renew(claims, 'me');
    await store.settle(claims.map((claim) => outcome(claim)));
    expectLooksOnly(engine.plans, 10_000);
  });

  it('entries of the outbox that an old snapshot keeps are not walked over', async () => {
    const old = dataSource.createQueryRunner();
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await old.query('SELECT count(*) FROM signpost_receiver');
    try {
      for (let n = 0; n < 15; n += 1) await publish(500);
      engine.plans.length = 0;
      await sequencer.step();
      expectLooksOnly(engine.plans, 500);
    } finally {
      await old.query('ROLLBACK');
      await old.release();
    }
  });
});

/** No table is read through, few rows are thrown away, and few pages are touched. */
function expectLooksOnly(plans: readonly PlanNode[], blocks: number): void {
  expect(plans.length).toBeGreaterThan(0);
  const nodes = plans.flatMap(nodesOf);
  const searched = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && BIG.test(node['Relation Name'] ?? ''));
  expect(searched.map((node) => node['Relation Name'])).toEqual([]);
  const rows = nodes.map(
    (node) => ((node['Rows Removed by Filter'] ?? 0) + node['Actual Rows']) * node['Actual Loops'],
  );
  expect(Math.max(...rows)).toBeLessThan(25_000);
  const touched = plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0);
  expect(touched).toBeLessThan(blocks);
}
