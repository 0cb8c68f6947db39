import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../src/database/sqlite-connection.js';
import type { SqliteTurns } from '../../src/database/sqlite-turns.js';
import { SqliteInboxStore } from '../../src/receiver/inbox/sqlite-inbox-store.js';
import { runReceiverMigrations } from '../../src/receiver/migrations/run-receiver-migrations.js';
import { eventsOf } from '../../src/testing/inbox-store-setting.js';
import { fillInbox } from './inbox-backlog.js';

describe('with 100,000 events waiting in one lane, on SQLite', () => {
  const ran: string[] = [];
  let dataSource: DataSource;
  let turns: SqliteTurns;
  let store: SqliteInboxStore;
  beforeAll(async () => {
    const verbose = (sql: unknown) => void ran.push(String(sql));
    dataSource = await new DataSource({ type: 'better-sqlite3', database: ':memory:', verbose }).initialize();
    turns = installSqliteTurns(dataSource);
    await runReceiverMigrations(dataSource);
    await fillInbox(dataSource);
    store = new SqliteInboxStore(turns, () => 1_000);
  }, 60_000);
  afterAll(async () => {
    await turns.close();
    await dataSource.destroy();
  });

  /** How SQLite went about the statements that `work` ran, such as `SEARCH signpost_inbox USING INDEX …`. */
  async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
    ran.length = 0;
    await work();
    // One of each kind: a sweep runs the same statement for every lane.
    const kinds = new Map(ran.map((sql) => [sql.replace(/'[^']*'|\b\d+\b/g, '?'), sql]));
    const statements = [...kinds.values()].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)/.test(sql));
    expect(statements.length).toBeGreaterThan(0);
    const plans = await Promise.all(
      statements.map((sql) => dataSource.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql}`)),
    );
    return plans.flat().map(({ detail }) => detail);
  }

  const claim = (limit: number) =>
    store.claim({ producer: 'default', owner: 'me', limit, leaseMs: 1_000, released: ['deep', 'lane 1'] });

  it('a claim reads ready events and one place in each lane, and sorts nothing', async () => {
    const plans = await plansOf(() => claim(10));
    expect(plans).toContainEqual(
      expect.stringMatching(/SEARCH c USING .*INDEX signpost_inbox_ready \(producer=\? AND due_at</),
    );
    expect(plans).toContainEqual(
      expect.stringMatching(/SEARCH e USING .*INDEX signpost_inbox_lane \(producer=\? AND lane=\? AND/),
    );
    expectLooksOnly(plans);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the next due time', () => store.dueInMs('default')],
    ['a page', () => store.storePage('default', { after: 'c', cursor: 'c', events: eventsOf('deep', 2) })],
    ['a renewal', async () => store.renew(await claim(5), 1_000)],
    ['a failure', async () => store.settleFailure((await claim(1))[0] ?? never(), { outcome: 'returned' })],
    ['a retry', () => store.retry('default', 'deep-7')],
    ['a discard', () => store.discard('default', 'deep-7')],
    ['pruning', () => store.prune('default', 1, 100)],
    ['a takeover', () => store.takeOver('default')],
    ['a list of one state', () => store.list('default', { state: 'waiting', after: 5 })],
    ['a list of one subject', () => store.list('default', { subject: 'deep' })],
    ['a list of all', () => store.list('default', {})],
    ['the sweep', () => store.sweep('default')],
  ])('%s is found, not searched for', async (_, work) => {
    expectLooksOnly(await plansOf(work));
  });
});

/** `SCAN lanes` and the like are of rows that were found; a scan of the table or of a whole index names it, a sort its B-tree. */
function expectLooksOnly(plans: string[]): void {
  expect(plans.filter((plan) => /^SCAN (signpost_inbox|[cehi])\b|TEMP B-TREE/.test(plan))).toEqual([]);
}

function never(): never {
  throw new Error('nothing was claimed');
}
