import type { TableGroup } from './initial-schema.js';

/** Who may read, and where signals go. Written seldom. */
export const subscriptionTables: TableGroup = {
  names: ['endpoint_secret', 'endpoint_filter', 'endpoint', 'admin_key', 'credential', 'receiver', 'event_type'],
  statements: ({ ordinal, key, bigint, withoutRowid }, named) => [
    `CREATE TABLE ${named('event_type')} (
      name ${key} PRIMARY KEY,
      description TEXT,
      schema TEXT,
      created_at ${bigint} NOT NULL,
      updated_at ${bigint} NOT NULL
    )`,

    `CREATE TABLE ${named('receiver')} (
      id ${key} PRIMARY KEY,
      tenant ${key} NOT NULL,
      name TEXT NOT NULL,
      event_types TEXT NOT NULL,
      created_at ${bigint} NOT NULL,
      updated_at ${bigint} NOT NULL
    )`,
    `CREATE INDEX signpost_receiver_tenant ON ${named('receiver')} (tenant)`,
    `CREATE TABLE ${named('credential')} (
      id ${key} PRIMARY KEY,
      receiver_id ${key} NOT NULL REFERENCES ${named('receiver')} (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      scopes TEXT NOT NULL,
      types TEXT NOT NULL,
      expires_at ${bigint},
      last_used_at ${bigint},
      created_at ${bigint} NOT NULL
    )`,
    `CREATE INDEX signpost_credential_receiver ON ${named('credential')} (receiver_id)`,
    `CREATE TABLE ${named('admin_key')} (
      id ${key} PRIMARY KEY,
      name TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      scopes TEXT NOT NULL,
      last_used_at ${bigint},
      created_at ${bigint} NOT NULL
    )`,

    `CREATE TABLE ${named('endpoint')} (
      id ${key} PRIMARY KEY,
      receiver_id ${key} NOT NULL REFERENCES ${named('receiver')} (id) ON DELETE CASCADE,
      tenant ${key} NOT NULL,
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
      start_position ${bigint} NOT NULL,
      version INTEGER NOT NULL,
      created_at ${bigint} NOT NULL,
      updated_at ${bigint} NOT NULL
    )`,
    `CREATE INDEX signpost_endpoint_receiver ON ${named('endpoint')} (receiver_id)`,
    // Looked up by the few patterns that admit an event's type, so that waking never reads endpoints that do not match.
    `CREATE TABLE ${named('endpoint_filter')} (
      tenant ${key} NOT NULL,
      pattern ${key} NOT NULL,
      endpoint_id ${key} NOT NULL REFERENCES ${named('endpoint')} (id) ON DELETE CASCADE,
      PRIMARY KEY (tenant, pattern, endpoint_id)
    ) ${withoutRowid}`,
    `CREATE INDEX signpost_endpoint_filter_endpoint ON ${named('endpoint_filter')} (endpoint_id)`,
    `CREATE TABLE ${named('endpoint_secret')} (
      id ${ordinal},
      endpoint_id ${key} NOT NULL REFERENCES ${named('endpoint')} (id) ON DELETE CASCADE,
      sealed TEXT NOT NULL,
      created_at ${bigint} NOT NULL,
      expires_at ${bigint}
    )`,
    `CREATE INDEX signpost_endpoint_secret_endpoint ON ${named('endpoint_secret')} (endpoint_id)`,
  ],
};
