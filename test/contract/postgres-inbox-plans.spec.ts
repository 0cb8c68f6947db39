import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresInboxStore } from '../../src/receiver/inbox/postgres-inbox-store.js';
import type { PostgresClient, PostgresResult } from '../../src/database/postgres-session.js';
import { runReceiverMigrations } from '../../src/receiver/migrations/run-receiver-migrations.js';
import { eventsOf } from '../../src/testing/inbox-store-setting.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { fillInbox } from './inbox-backlog.js';

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(['with statistics', 'before the first ANALYZE'])(
  'with 100,000 events waiting in one lane, on PostgreSQL, %s',
  (statistics) => {
    let dataSource: DataSource;
    let store: PostgresInboxStore;
    const ran: PlanNode[] = [];
    beforeAll(async () => {
      const { url } = await server.createDatabase();
      dataSource = await new DataSource({ type: 'postgres', url }).initialize();
      await runReceiverMigrations(dataSource);
      await dataSource.query('ALTER TABLE signpost_inbox SET (autovacuum_enabled = false)');
      await fillInbox(dataSource);
      if (statistics === 'with statistics') await dataSource.query('ANALYZE signpost_inbox');
      store = new PostgresInboxStore(explaining(dataSource, ran));
    }, 120_000);
    afterAll(() => dataSource?.destroy());

    const claim = (limit: number) =>
      store.claim({ producer: 'default', owner: 'me', limit, leaseMs: 1_000, released: ['deep', 'lane 1'] });

    it('a claim reads ready events and one place in each lane', async () => {
      ran.length = 0;
      expect(await claim(10)).toHaveLength(10);
      const nodes = ran.flatMap(nodesOf);
      expect(nodes.map((node) => node['Index Name'])).toEqual(
        expect.arrayContaining(['signpost_inbox_ready', 'signpost_inbox_lane']),
      );
      expectLooksOnly(ran, 1_000);
    });

    it.each<[string, number, () => Promise<unknown>]>([
      ['the next due time', 100, () => store.dueInMs('default')],
      [
        'a page of 100',
        10_000,
        () => store.storePage('default', { after: 'c', cursor: 'c', events: eventsOf('deep', 100) }),
      ],
      ['a renewal', 500, async () => store.renew(await claim(5), 1_000)],
      ['a retry', 200, () => store.retry('default', 'deep-7')],
      ['a discard', 200, () => store.discard('default', 'deep-7')],
      ['pruning of 100', 5_000, () => store.prune('default', 1, 100)],
    ])('%s is found, not searched for', async (_, blocks, work) => {
      ran.length = 0;
      await work();
      expectLooksOnly(ran.slice(-1), blocks);
    });
  },
);

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** A bound on the pages that were touched: the table has more than 5,000, the indexes of what is open hundreds. */
function expectLooksOnly(plans: PlanNode[], blocks: number): void {
  expect(plans.length).toBeGreaterThan(0);
  const nodes = plans.flatMap(nodesOf);
  expect(
    nodes.filter((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'signpost_inbox'),
  ).toEqual([]);
  expect(Math.max(...nodes.map((node) => node['Rows Removed by Filter'] ?? 0))).toBeLessThan(1_000);
  const touched = plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0);
  expect(touched).toBeLessThan(blocks);
}

/** The DataSource, but statements about the inbox are explained first, with their real parameters, and undone. */
function explaining(dataSource: DataSource, plans: PlanNode[]): DataSource {
  const createQueryRunner = () => {
    const runner = dataSource.createQueryRunner();
    const connect = async () => {
      const client = (await runner.connect()) as PostgresClient;
      let depth = 0;
      return {
        query: async (text: string, values?: readonly unknown[]): Promise<PostgresResult> => {
          if (/^(BEGIN|COMMIT|ROLLBACK)/.test(text)) depth += text.startsWith('BEGIN') ? 1 : -1;
          else {
            await client.query(depth > 0 ? 'SAVEPOINT explained' : 'BEGIN');
            const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
            plans.push((rows as { 'QUERY PLAN': [{ Plan: PlanNode }] }[])[0]?.['QUERY PLAN'][0].Plan as PlanNode);
            await client.query(depth > 0 ? 'ROLLBACK TO SAVEPOINT explained' : 'ROLLBACK');
          }
          return client.query(text, values);
        },
      };
    };
    return { connect, release: () => runner.release() };
  };
  return { options: dataSource.options, createQueryRunner } as unknown as DataSource;
}
