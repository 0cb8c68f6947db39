import type { TableGroup } from './initial-schema.js';

// Updated twice with each signal, never in place, as the time that is indexed moves: half of each page is left for the later versions, and
// dead ones go soon. What a signal was composed of is moved out of the row, which the claim reads without it.
const POSITION_SETTINGS = `WITH (fillfactor = 50, toast_tuple_target = 256, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.2)`;

/** What goes on: where endpoints and receivers stand, the attempt log, the audit log. */
export const activityTables: TableGroup = {
  names: ['access', 'signal', 'receipt', 'receiver_position', 'endpoint_position'],
  statements: ({ name, ordinal, key, bigint, withoutRowid }, named) => {
    const isPostgres = name === 'postgres';
    return [
      `CREATE TABLE ${named('endpoint_position')} (
        endpoint_id ${key} PRIMARY KEY REFERENCES ${named('endpoint')} (id) ON DELETE CASCADE,
        active INTEGER NOT NULL,
        signalled_through ${bigint} NOT NULL,
        head ${bigint} NOT NULL,
        due_at ${bigint},
        not_before ${bigint} NOT NULL DEFAULT 0,
        attempt INTEGER NOT NULL DEFAULT 0,
        failing_since ${bigint},
        confirm_through ${bigint},
        confirm_due_at ${bigint},
        reminder INTEGER NOT NULL DEFAULT 0,
        lease_owner TEXT,
        lease_token ${bigint} NOT NULL DEFAULT 0,
        lease_until ${bigint},
        notice TEXT,
        open_signal TEXT,
        open_kind TEXT,
        open_after ${bigint},
        open_through ${bigint},
        open_count INTEGER,
        open_traceparent TEXT,
        open_body TEXT
      ) ${isPostgres ? POSITION_SETTINGS : ''}`,
      // Only what is due or will be: a parked, paused or idle endpoint is in no index that the claim reads.
      `CREATE INDEX signpost_endpoint_due ON ${named('endpoint_position')} (due_at) WHERE due_at IS NOT NULL`,

      `CREATE TABLE ${named('receiver_position')} (
        receiver_id ${key} PRIMARY KEY REFERENCES ${named('receiver')} (id) ON DELETE CASCADE,
        fetched_through ${bigint} NOT NULL,
        acked_through ${bigint} NOT NULL
      ) ${isPostgres ? 'WITH (fillfactor = 20)' : ''}`,
      `CREATE TABLE ${named('receipt')} (
        receiver_id ${key} NOT NULL REFERENCES ${named('receiver')} (id) ON DELETE CASCADE,
        position ${bigint} NOT NULL,
        acked INTEGER NOT NULL,
        PRIMARY KEY (receiver_id, position)
      ) ${withoutRowid}`,

      `CREATE TABLE ${named('signal')} (
        ordinal ${ordinal},
        endpoint_id ${key} NOT NULL REFERENCES ${named('endpoint')} (id) ON DELETE CASCADE,
        signal_id ${key} NOT NULL,
        kind TEXT NOT NULL,
        first_position ${bigint},
        last_position ${bigint},
        event_count INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        sent_at ${bigint} NOT NULL,
        outcome TEXT NOT NULL,
        status INTEGER,
        latency_ms INTEGER NOT NULL,
        category TEXT
      )`,
      `CREATE INDEX signpost_signal_endpoint ON ${named('signal')} (endpoint_id, ordinal)`,

      `CREATE TABLE ${named('access')} (
        ordinal ${ordinal},
        at ${bigint} NOT NULL,
        receiver_id TEXT,
        credential_id TEXT,
        action TEXT NOT NULL,
        status INTEGER NOT NULL,
        event_ids TEXT,
        after_position ${bigint},
        through_position ${bigint},
        event_count INTEGER NOT NULL,
        address TEXT
      )`,
      `CREATE INDEX signpost_access_receiver ON ${named('access')} (receiver_id, ordinal)`,
    ];
  },
};
