import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
/** Between two looks at the end of an index, which cost some 10 µs on SQLite and 100 µs on PostgreSQL. */
const LOOK_EVERY_MS = { SQLite: 1, PostgreSQL: 3 };

/**
 * Watches the attempt log from outside, at no cost to the service.
 * @param {import('./databases.js').BenchDatabase} database the service's
 */
export function watchAttempts({ kind, rows }) {
  const value = async (sql) => (await rows(sql))[0].value;
  const last = () => value('SELECT coalesce(max(ordinal), 0) AS value FROM signpost_signal');
  // On PostgreSQL ordinals have gaps, so that the last one is there does not say how many are.
  const since = (mark) => value(`SELECT count(*) AS value FROM signpost_signal WHERE ordinal > ${mark}`);
  return {
    now: last,
    since,
    /** Resolves once `count` outcomes after `mark` are recorded. */
    settled: async (mark, count) => {
      const end = performance.now() + PATIENCE_MS;
      while ((await last()) < mark + count || (await since(mark)) < count) {
        if (performance.now() > end) throw new Error(`Only ${await since(mark)} of ${count} signals were settled`);
        await pause(LOOK_EVERY_MS[kind]);
      }
    },
    /** Attempts after `mark` that were not the acknowledged signal of one event. */
    unexpected: (mark) =>
      value(
        `SELECT count(*) AS value FROM signpost_signal WHERE ordinal > ${mark} AND (outcome <> 'acknowledged' OR event_count <> 1)`,
      ),
  };
}
