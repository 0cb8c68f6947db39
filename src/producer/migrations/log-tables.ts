import type { SchemaDialect } from '../../database/schema-dialect.js';
import type { TableGroup, TableName } from './initial-schema.js';

/**
 * The log.
 *
 * On SQLite, `signpost_event.ordinal` is the event's position: there is one writer at a time, so insertion order is commit order, and
 * AUTOINCREMENT keeps a position from ever being given out twice, even after retention removed the newest event.
 *
 * On PostgreSQL, an ordinal is given out at the insert, and a transaction that began earlier may commit later. So `signpost_outbox` has the
 * events that have no position yet, and `signpost_log` the positions, given out after the commit (see postgres-sequencer.ts). Places
 * that are updated all the time are rows appended to instead (`signpost_log_matched`, the end of `signpost_log` itself): a row that is
 * updated leaves a dead version behind, and while any transaction of the server holds an old snapshot each look at the row walks over all.
 */
export const logTables: TableGroup = {
  names: ['log_matched', 'tenant', 'outbox', 'log', 'log_head', 'event'],
  statements: (dialect, named) => (dialect.name === 'postgres' ? postgres(dialect, named) : sqlite()),
};

function sqlite(): string[] {
  return [
    `CREATE TABLE signpost_event (
      ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL,
      tenant TEXT NOT NULL,
      type TEXT NOT NULL,
      subject TEXT,
      occurred_at INTEGER NOT NULL,
      recorded_at INTEGER NOT NULL,
      idempotency_key TEXT,
      idempotency_digest TEXT,
      traceparent TEXT,
      erased_at INTEGER,
      data TEXT
    )`,
    `CREATE UNIQUE INDEX signpost_event_id ON signpost_event (id)`,
    // Signals are composed and feeds are filtered from this index alone: no payload page is touched for an event that is not wanted.
    `CREATE INDEX signpost_event_tenant ON signpost_event (tenant, ordinal, type, id)`,
    `CREATE UNIQUE INDEX signpost_event_idempotency ON signpost_event (idempotency_key) WHERE idempotency_key IS NOT NULL`,
    `CREATE TABLE signpost_log_head (
      partition INTEGER PRIMARY KEY,
      matched_through INTEGER NOT NULL,
      pruned_through INTEGER NOT NULL
    )`,
    `INSERT INTO signpost_log_head (partition, matched_through, pruned_through) VALUES (0, 0, 0)`,
  ];
}

function postgres({ ordinal, key, bigint }: SchemaDialect, named: TableName): string[] {
  return [
    // Hardly ever updated, so it is vacuumed for what is inserted: that marks pages as visible to all, which index-only reads need.
    `CREATE TABLE ${named('event')} (
      ordinal ${ordinal},
      partition smallint NOT NULL,
      id ${key} NOT NULL,
      tenant ${key} NOT NULL,
      type ${key} NOT NULL,
      subject ${key},
      occurred_at ${bigint} NOT NULL,
      recorded_at ${bigint} NOT NULL,
      idempotency_key ${key},
      idempotency_digest ${key},
      traceparent ${key},
      erased_at ${bigint},
      data text
    ) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
    `CREATE UNIQUE INDEX signpost_event_id ON ${named('event')} (id)`,
    `CREATE UNIQUE INDEX signpost_event_idempotency ON ${named('event')} (idempotency_key) WHERE idempotency_key IS NOT NULL`,

    // Emptied as fast as it is filled. `xid` lets the sequencing step pass over the dead entries that an old snapshot keeps.
    `CREATE TABLE ${named('outbox')} (
      partition smallint NOT NULL,
      xid xid8 NOT NULL,
      ordinal ${bigint} NOT NULL,
      PRIMARY KEY (partition, xid, ordinal)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)`,

    `CREATE TABLE ${named('log')} (
      partition smallint NOT NULL,
      position ${bigint} NOT NULL,
      ordinal ${bigint} NOT NULL,
      id ${key} NOT NULL,
      tenant ${key} NOT NULL,
      type ${key} NOT NULL,
      PRIMARY KEY (partition, position)
    ) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
    `CREATE UNIQUE INDEX signpost_log_ordinal ON ${named('log')} (ordinal)`,
    // Signals are composed and feeds are filtered from this index alone; a tenant is in one partition.
    `CREATE INDEX signpost_log_tenant ON ${named('log')} (tenant, position) INCLUDE (type, id, ordinal)`,
    `CREATE TABLE ${named('log_matched')} (
      partition smallint NOT NULL,
      through ${bigint} NOT NULL,
      PRIMARY KEY (partition, through)
    )`,
    `CREATE TABLE ${named('log_head')} (
      partition smallint PRIMARY KEY,
      pruned_through ${bigint} NOT NULL
    )`,
    `INSERT INTO ${named('log_head')} (partition, pruned_through) VALUES (0, 0)`,
    // Which partition a tenant's events are in, decided once.
    `CREATE TABLE ${named('tenant')} (
      tenant ${key} PRIMARY KEY,
      partition smallint NOT NULL
    )`,
  ];
}
