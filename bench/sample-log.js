import Database from 'better-sqlite3';
import { IdGenerator } from '../dist/protocol/ids.js';
import { payload } from './sample-events.js';

export const TENANT = 'bench';
/** Rows in one transaction. */
const CHUNK = 50_000;
/** Between two events: no two share a time that could be formatted once for both. */
const APART_MS = 10;

/**
 * Fills the log of a service that is not running. Through the API a million events would take minutes; the rows are the same.
 * @param {string} file a database that the service has migrated
 * @param {number} size events
 */
export function fillLog(file, size) {
  const db = new Database(file);
  // Nothing is lost if this is: the next run fills it again.
  db.pragma('synchronous = OFF');
  const ids = new IdGenerator();
  const insert = db.prepare(`INSERT INTO signpost_event (id, tenant, type, subject, occurred_at, recorded_at, data)
    VALUES (?, '${TENANT}', 'invoice.paid', NULL, ?, ?, ?)`);
  const begin = Date.now() - size * APART_MS;
  const fill = db.transaction((first, count) => {
    for (let number = first; number < first + count; number++) {
      const recorded = begin + number * APART_MS;
      insert.run(ids.next('evt'), recorded - (number % 7), recorded, JSON.stringify(payload(number)));
    }
  });
  for (let first = 0; first < size; first += CHUNK) fill(first, Math.min(CHUNK, size - first));
  // No endpoint exists yet; without this the dispatcher would look through the whole log for one.
  db.exec('UPDATE signpost_log_head SET matched_through = (SELECT max(ordinal) FROM signpost_event)');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Ids of events spread over the whole log, in random order. */
export function spreadIds(file, count) {
  return readIds(file, count, (_, size) => 1 + Math.floor(Math.random() * size));
}

/** Ids of the oldest events, in log order. */
export function oldestIds(file, count) {
  return readIds(file, count, (at) => 1 + at);
}

function readIds(file, count, position) {
  const db = new Database(file, { readonly: true });
  const size = db.prepare('SELECT max(ordinal) FROM signpost_event').pluck().get();
  const read = db.prepare('SELECT id FROM signpost_event WHERE ordinal = ?').pluck();
  const ids = Array.from({ length: Math.min(count, size) }, (_, at) => read.get(position(at, size)));
  db.close();
  return ids;
}
