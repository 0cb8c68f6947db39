import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../src/database/sqlite-connection.js';
import type { SqliteTurns } from '../../src/database/sqlite-turns.js';
import type { AccessRows } from '../../src/producer/access/access-rows.js';
import type { ChangeRows } from '../../src/producer/access/change-rows.js';
import { PostgresAccessRows } from '../../src/producer/access/postgres-access-rows.js';
import { PostgresChangeRows } from '../../src/producer/access/postgres-change-rows.js';
import { SqliteAccessRows } from '../../src/producer/access/sqlite-access-rows.js';
import { SqliteChangeRows } from '../../src/producer/access/sqlite-change-rows.js';
import { SIGNPOST_ENTITIES } from '../../src/producer/entities.js';
import { runMigrations } from '../../src/producer/migrations/run-migrations.js';
import type { CredentialId, EventId, ReceiverId } from '../../src/protocol/ids.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { ExplainingEngine, nodesOf } from './postgres-plans.js';

const ROWS = 300_000;
const LAST = ROWS + 1;
const receiver = 'rcv_7' as ReceiverId;
const credential = 'key_none' as CredentialId;
const event = 'evt_1001' as EventId;
const place = { tenant: 'acme', position: 5 };

/** Single reads, and one page of the feed among twenty of them; and as many changes. */
const fill = (series: string) => [
  `INSERT INTO signpost_access (at, receiver_id, action, status, event_ids, after_position, through_position, event_count)
   SELECT n, 'rcv_' || n % 100, CASE WHEN n % 20 = 0 THEN 'feed' ELSE 'event' END, 200,
     CASE WHEN n % 20 = 0 THEN NULL ELSE '["evt_' || n || '"]' END, n, n + 10, 1 FROM ${series}`,
  `INSERT INTO signpost_change (at, actor_kind, actor_id, action, target, receiver_id, status)
   SELECT n, 'admin-key', 'key_' || n % 10, 'endpoint.update', 'ep_' || n % 1000, 'rcv_' || n % 100, 200 FROM ${series}`,
];

type Question = [string, (access: AccessRows, changes: ChangeRows) => Promise<unknown>];
const QUESTIONS: Question[] = [
  ['the newest reads', (access) => access.look({ kind: 'all' }, {}, LAST, 100)],
  ['the reads of a receiver', (access) => access.look({ kind: 'receiver', receiver }, {}, LAST, 100)],
  ['single reads of an event', (access) => access.look({ kind: 'single-reads', event }, {}, LAST, 100)],
  ['pages that went over an event', (access) => access.look({ kind: 'several', event, place }, {}, LAST, 100)],
  ['a credential that nobody used', (access) => access.look({ kind: 'all' }, { credential }, LAST, 100)],
  ['a time that is long past', (access) => access.look({ kind: 'receiver', receiver }, { until: 0 }, LAST, 100)],
  ['a batch of the retention of reads', (access) => access.prune(10, 500)],
  ['the newest changes', (_, changes) => changes.look({}, LAST, 100)],
  ['the changes of a receiver', (_, changes) => changes.look({ receiver }, LAST, 100)],
  ['the changes of a target', (_, changes) => changes.look({ target: 'ep_7' }, LAST, 100)],
  ['what somebody changed', (_, changes) => changes.look({ actor: 'key_7' }, LAST, 100)],
  ['an action that never was', (_, changes) => changes.look({ action: 'none.none' }, LAST, 100)],
  ['a batch of the retention of changes', (_, changes) => changes.prune(10, 500)],
];

describe('with 300,000 rows in each audit, on SQLite', () => {
  const ran: string[] = [];
  let dataSource: DataSource;
  let turns: SqliteTurns;
  beforeAll(async () => {
    const verbose = (sql: unknown) => void ran.push(String(sql));
    dataSource = await new DataSource({ type: 'better-sqlite3', database: ':memory:', verbose }).initialize();
    turns = installSqliteTurns(dataSource);
    await runMigrations(dataSource);
    const series = `(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS}) SELECT n FROM s)`;
    for (const statement of fill(series)) await dataSource.query(statement);
  }, 60_000);
  afterAll(async () => {
    await turns.close();
    await dataSource.destroy();
  });

  it.each(QUESTIONS)('%s: found by an index, and nothing is sorted', async (_, ask) => {
    ran.length = 0;
    await ask(new SqliteAccessRows(turns), new SqliteChangeRows(turns));
    const statements = ran.filter((sql) => /^\s*(SELECT|DELETE)/.test(sql));
    expect(statements.length).toBeGreaterThan(0);
    for (const sql of statements) {
      const plan = await dataSource.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql}`);
      const details = plan.map(({ detail }) => detail);
      // From the old end, and no further than its limit: the retention alone may begin without a place.
      const walked = details.filter((detail) => /^SCAN signpost_|TEMP B-TREE/.test(detail) && !sql.includes('DELETE'));
      expect([sql, walked]).toEqual([sql, []]);
    }
  });

  it('pages and batches are gone through without the single reads between them', async () => {
    ran.length = 0;
    await new SqliteAccessRows(turns).look({ kind: 'several', event, place }, {}, LAST, 100);
    const plan = await dataSource.query<{ detail: string }[]>(
      `EXPLAIN QUERY PLAN ${ran.find((sql) => /SELECT/.test(sql))}`,
    );
    expect(plan.map(({ detail }) => detail)).toContainEqual(
      expect.stringContaining('SEARCH signpost_access USING INDEX signpost_access_several (ordinal<?)'),
    );
  });
});

describe('with 300,000 rows in each audit, on PostgreSQL', () => {
  let server: TestPostgres;
  let dataSource: DataSource;
  let engine: ExplainingEngine;
  beforeAll(async () => {
    server = await startPostgres();
    const { url } = await server.createDatabase();
    dataSource = await new DataSource({ type: 'postgres', url, entities: SIGNPOST_ENTITIES }).initialize();
    await runMigrations(dataSource);
    engine = new ExplainingEngine(dataSource, { size: 2, name: 'plans' });
    for (const statement of fill(`generate_series(1, ${ROWS}) AS s (n)`)) await dataSource.query(statement);
    await dataSource.query('VACUUM ANALYZE');
  }, 120_000);
  afterAll(async () => {
    await engine?.close();
    await dataSource?.destroy();
    await server?.stop();
  });

  // What is removed is found as on SQLite: from the old end, in the order of the primary key.
  it.each(QUESTIONS.filter(([name]) => !name.includes('retention')))(
    '%s: found by an index, within a bounded number of rows',
    async (_, ask) => {
      engine.plans.length = 0;
      await ask(new PostgresAccessRows(engine), new PostgresChangeRows(engine));
      expect(engine.plans.length).toBeGreaterThan(0);
      const nodes = engine.plans.flatMap(nodesOf);
      const searched = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
      expect(searched.filter((name) => name !== 'signpost_receiver')).toEqual([]);
      const rows = nodes.map(
        (node) => ((node['Rows Removed by Filter'] ?? 0) + node['Actual Rows']) * node['Actual Loops'],
      );
      expect(Math.max(...rows)).toBeLessThanOrEqual(10_000);
    },
  );
});
