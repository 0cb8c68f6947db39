import type { DataSource } from 'typeorm';

/**
 * A large inbox: this many events in one lane of which the first is ready, 20,000 other lanes with one each,
 * and twice as many done.
 */
const BACKLOG = 100_000;

const row = (event: string, lane: string, state: string, open: string, ready: string, finished: string) =>
  `'default', ${event}, 'invoice.paid', 'acme', ${lane}, 0, 0, 'c', ${lane}, '${state}', ${open}, ${ready}, 1, 1, ${finished}, '{}'`;

const INTO = `INSERT INTO signpost_inbox (producer, event_id, type, tenant, subject, occurred_at, recorded_at, cursor, lane, state, open, ready,
  due_at, fetched_at, finished_at, data)`;

/** Fills `signpost_inbox` without the store, which would take long. */
export async function fillInbox(dataSource: DataSource): Promise<void> {
  const postgres = dataSource.options.type === 'postgres';
  const numbers = (count: number) =>
    postgres
      ? `FROM generate_series(1, ${count}) AS n`
      : `FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${count}) SELECT n FROM s)`;
  const [yes, no] = postgres ? ['true', 'false'] : ['1', '0'];
  const fill = (count: number, values: string) => dataSource.query(`${INTO} SELECT ${values} ${numbers(count)}`);
  await fill(2 * BACKLOG, row(`'done-' || n`, `'lane ' || (n % 5000)`, 'done', no, no, '2'));
  await fill(BACKLOG, row(`'deep-' || n`, `'deep'`, 'waiting', yes, 'n = 1', 'null'));
  await fill(20_000, row(`'other-' || n`, `'lane ' || n`, 'waiting', yes, yes, 'null'));
  await dataSource.query(`INSERT INTO signpost_inbox_cursor (producer, cursor) VALUES ('default', 'c')`);
}
