import type { DataSource } from 'typeorm';
import { runOwnMigrations, type OwnMigration } from '../../database/own-migrations.js';
import { EndpointRegistration1764000000200 } from './endpoint-registration.js';
import { InboxSchema1764000000100 } from './inbox-schema.js';

/** In the order in which they run. */
export const RECEIVER_MIGRATIONS: OwnMigration[] = [InboxSchema1764000000100, EndpointRegistration1764000000200];
/** The table that says which of them ran; not the application's own. */
export const RECEIVER_MIGRATIONS_TABLE = 'signpost_receiver_migration';

/** Brings the receiver's tables up to date and answers the names of what ran. @throws SchemaTooNewError */
export function runReceiverMigrations(dataSource: DataSource): Promise<string[]> {
  const own = { migrations: RECEIVER_MIGRATIONS, table: RECEIVER_MIGRATIONS_TABLE, what: 'The inbox' };
  return runOwnMigrations(dataSource, own);
}
