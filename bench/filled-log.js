import { startChild } from './processes.js';
import { TENANT } from './sample-log.js';

/** As many random characters as make a payload of about 1 KB. */
const TEXT_LENGTH = 960;
/** Rows of one statement. */
const CHUNK = 100_000;
/** Between two events, in ms. */
const APART_MS = 10;

/** Numbers `first` to `last` as rows, in both databases' SQL. */
const numbers = (first, last) =>
  `WITH RECURSIVE n (i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i < ${last})`;
/** An id of 26 characters behind its prefix, in the order of `i`. */
const id = (prefix) => `'${prefix}_00000000000000' || CAST(100000000000 + i AS text)`;

/** Makes Signpost's tables, as the first start of an application does. */
export async function migrate({ dataSource }) {
  const host = await startChild('producer-host.js', { dataSource });
  await host.call('close');
  await host.stop();
}

/**
 * Fills the log of a migrated database that nobody uses, by SQL: through the API a million events would take minutes, and the rows are
 * the same.
 * @param {import('./databases.js').BenchDatabase} database
 * @param {number} size events
 */
export async function fillDatabase(database, size) {
  const { kind, rows, tidy } = database;
  const text = Array.from({ length: TEXT_LENGTH }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  const begin = Date.now() - size * APART_MS;
  const postgres = kind === 'PostgreSQL';
  const partition = postgres ? ['partition, ', '0, '] : ['', ''];
  for (let first = 1; first <= size; first += CHUNK) {
    const last = Math.min(first + CHUNK - 1, size);
    await rows(`${numbers(first, last)}
      INSERT INTO signpost_event (${partition[0]}id, tenant, type, occurred_at, recorded_at, data)
      SELECT ${partition[1]}${id('evt')}, '${TENANT}', 'invoice.paid', ${begin} + i * ${APART_MS}, ${begin} + i * ${APART_MS},
        '{"number":' || CAST(i AS text) || ',"text":"${text}"}' FROM n`);
  }
  // Nobody waits for these events; without a mark the dispatcher would look through all of them for whoever does.
  if (postgres) {
    await rows(`INSERT INTO signpost_log (partition, position, ordinal, id, tenant, type)
      SELECT 0, ordinal, ordinal, id, tenant, type FROM signpost_event ORDER BY ordinal`);
    await rows(`INSERT INTO signpost_log_matched (partition, through) VALUES (0, ${size})`);
  } else {
    await rows(`UPDATE signpost_log_head SET matched_through = ${size}`);
  }
  await tidy();
}

/** Adds endpoints that select what is never published, to a migrated database that nobody uses. */
export async function addIdleEndpoints({ rows, tidy }, count) {
  const receiver = 'rcv_01000000000000000000000000';
  const add = (table, columns, values) =>
    rows(`${numbers(1, count)} INSERT INTO signpost_${table} (${columns}) SELECT ${values} FROM n`);
  await rows(`INSERT INTO signpost_receiver (id, tenant, name, event_types, created_at, updated_at)
    VALUES ('${receiver}', '${TENANT}', 'idle', '["*"]', 0, 0)`);
  await add(
    'endpoint',
    `id, receiver_id, tenant, url_sealed, url_shown, event_types, max_events_per_signal, min_interval_ms, confirm, signature, state,
      start_position, version, created_at, updated_at`,
    `${id('ep')}, '${receiver}', '${TENANT}', 'none', 'none', '["idle.never"]', 100, 0, 'fetch', 'standard', 'active', 0, 1, 0, 0`,
  );
  await add('endpoint_filter', 'tenant, pattern, endpoint_id', `'${TENANT}', 'idle.never', ${id('ep')}`);
  await add('endpoint_position', 'endpoint_id, active, signalled_through, head', `${id('ep')}, 1, 0, 0`);
  await tidy();
}
