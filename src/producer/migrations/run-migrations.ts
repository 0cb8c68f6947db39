import type { DataSource } from 'typeorm';
import { runOwnMigrations, type OwnMigration } from '../../database/own-migrations.js';
import { Credentials1764000000020 } from './credentials.js';
import { Audit1764000000060 } from './audit.js';
import { AuditDetails1764000000070 } from './audit-details.js';
import { InitialSchema1764000000000 } from './initial-schema.js';
import { Ownership1764000000050 } from './ownership.js';
import { Partitions1764000000010 } from './partitions.js';
import { Privacy1764000000030 } from './privacy.js';
import { SignalTrust1764000000040 } from './signal-trust.js';

/** In the order in which they run. */
export const SIGNPOST_MIGRATIONS: OwnMigration[] = [
  InitialSchema1764000000000,
  Partitions1764000000010,
  Credentials1764000000020,
  Privacy1764000000030,
  SignalTrust1764000000040,
  Ownership1764000000050,
  Audit1764000000060,
  AuditDetails1764000000070,
];
/** The table that says which of them ran; not the application's own. */
export const SIGNPOST_MIGRATIONS_TABLE = 'signpost_migration';

/** Brings Signpost's tables up to date and answers the names of what ran. @throws SchemaTooNewError */
export function runMigrations(dataSource: DataSource): Promise<string[]> {
  const own = { migrations: SIGNPOST_MIGRATIONS, table: SIGNPOST_MIGRATIONS_TABLE, what: 'The database' };
  return runOwnMigrations(dataSource, own);
}
