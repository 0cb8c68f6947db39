import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of the producer's side. Times are Unix milliseconds, positions are bigints, lists are JSON text.
 *
 * `signpost_event.ordinal` is the event's position: SQLite has one writer at a time, so insertion order is commit order,
 * and AUTOINCREMENT keeps a position from ever being given out twice, even after retention removed the newest event.
 */
const STATEMENTS = [
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

  `CREATE TABLE signpost_event_type (
    name TEXT PRIMARY KEY,
    description TEXT,
    schema TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,

  `CREATE TABLE signpost_receiver (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    event_types TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  `CREATE INDEX signpost_receiver_tenant ON signpost_receiver (tenant)`,
  `CREATE TABLE signpost_credential (
    id TEXT PRIMARY KEY,
    receiver_id TEXT NOT NULL REFERENCES signpost_receiver (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    types TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL
  )`,
  `CREATE INDEX signpost_credential_receiver ON signpost_credential (receiver_id)`,
  `CREATE TABLE signpost_admin_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL
  )`,

  `CREATE TABLE signpost_endpoint (
    id TEXT PRIMARY KEY,
    receiver_id TEXT NOT NULL REFERENCES signpost_receiver (id) ON DELETE CASCADE,
    tenant TEXT NOT NULL,
    url_sealed TEXT NOT NULL,
    url_shown TEXT NOT NULL,
    description TEXT,
    event_types TEXT NOT NULL,
    max_events_per_signal INTEGER NOT NULL,
    min_interval_ms INTEGER NOT NULL,
    confirm TEXT NOT NULL,
    signature TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    start_position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  `CREATE INDEX signpost_endpoint_receiver ON signpost_endpoint (receiver_id)`,
  // Looked up by the few patterns that admit an event's type, so that waking never reads endpoints that do not match.
  `CREATE TABLE signpost_endpoint_filter (
    tenant TEXT NOT NULL,
    pattern TEXT NOT NULL,
    endpoint_id TEXT NOT NULL REFERENCES signpost_endpoint (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, pattern, endpoint_id)
  ) WITHOUT ROWID`,
  `CREATE INDEX signpost_endpoint_filter_endpoint ON signpost_endpoint_filter (endpoint_id)`,
  `CREATE TABLE signpost_endpoint_secret (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL REFERENCES signpost_endpoint (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
  )`,
  `CREATE INDEX signpost_endpoint_secret_endpoint ON signpost_endpoint_secret (endpoint_id)`,

  `CREATE TABLE signpost_endpoint_position (
    endpoint_id TEXT PRIMARY KEY REFERENCES signpost_endpoint (id) ON DELETE CASCADE,
    active INTEGER NOT NULL,
    signalled_through INTEGER NOT NULL,
    head INTEGER NOT NULL,
    due_at INTEGER,
    not_before INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    confirm_through INTEGER,
    confirm_due_at INTEGER,
    reminder INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_token INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    notice TEXT,
    open_signal TEXT,
    open_kind TEXT,
    open_after INTEGER,
    open_through INTEGER,
    open_count INTEGER,
    open_traceparent TEXT,
    open_body TEXT
  )`,
  // Only what is due or will be: a parked, paused or idle endpoint is in no index that the claim reads.
  `CREATE INDEX signpost_endpoint_due ON signpost_endpoint_position (due_at) WHERE due_at IS NOT NULL`,

  `CREATE TABLE signpost_receiver_position (
    receiver_id TEXT PRIMARY KEY REFERENCES signpost_receiver (id) ON DELETE CASCADE,
    fetched_through INTEGER NOT NULL,
    acked_through INTEGER NOT NULL
  )`,
  `CREATE TABLE signpost_receipt (
    receiver_id TEXT NOT NULL REFERENCES signpost_receiver (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    acked INTEGER NOT NULL,
    PRIMARY KEY (receiver_id, position)
  ) WITHOUT ROWID`,

  `CREATE TABLE signpost_signal (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL REFERENCES signpost_endpoint (id) ON DELETE CASCADE,
    signal_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    first_position INTEGER,
    last_position INTEGER,
    event_count INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    latency_ms INTEGER NOT NULL,
    category TEXT
  )`,
  `CREATE INDEX signpost_signal_endpoint ON signpost_signal (endpoint_id, ordinal)`,

  `CREATE TABLE signpost_access (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    receiver_id TEXT,
    credential_id TEXT,
    action TEXT NOT NULL,
    status INTEGER NOT NULL,
    event_ids TEXT,
    after_position INTEGER,
    through_position INTEGER,
    event_count INTEGER NOT NULL,
    address TEXT
  )`,
  `CREATE INDEX signpost_access_receiver ON signpost_access (receiver_id, ordinal)`,
];

const TABLES = [
  'access',
  'signal',
  'receipt',
  'receiver_position',
  'endpoint_position',
  'endpoint_secret',
  'endpoint_filter',
  'endpoint',
  'admin_key',
  'credential',
  'receiver',
  'event_type',
  'log_head',
  'event',
];

export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) await queryRunner.query(`DROP TABLE signpost_${table}`);
  }
}
