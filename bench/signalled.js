import Database from 'better-sqlite3';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/**
 * Watches the attempt log from outside: one look at the end of its index costs microseconds, and nothing in the service.
 * @param {string} file the service's database
 */
export function watchAttempts(file) {
  const db = new Database(file, { readonly: true });
  const last = db.prepare('SELECT coalesce(max(ordinal), 0) FROM signpost_signal').pluck();
  const bad = db
    .prepare(
      `SELECT count(*) FROM signpost_signal WHERE ordinal > ? AND (outcome <> 'acknowledged' OR event_count <> 1)`,
    )
    .pluck();
  return {
    now: () => last.get(),
    /** Resolves once the outcome of every attempt up to `ordinal` is recorded. */
    settled: async (ordinal) => {
      for (const end = performance.now() + PATIENCE_MS; last.get() < ordinal; await pause(1)) {
        if (performance.now() > end) throw new Error(`Only ${last.get()} of ${ordinal} signals were settled`);
      }
    },
    /** Attempts after `ordinal` that were not the acknowledged signal of one event. */
    unexpected: (ordinal) => bad.get(ordinal),
    close: () => db.close(),
  };
}
