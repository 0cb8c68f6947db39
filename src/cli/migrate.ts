import { runMigrations } from '../index.js';
import { readEnvironment } from '../service/environment.js';
import type { Command } from './command.js';
import { withDatabase } from './with-database.js';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the tables up to date, and end',
  description: `Runs the migrations that are missing in the database of DATABASE_URL, in one transaction, and names them. The service does the same when it
starts; run this before it where the service's own role may not change tables.`,
  async run({ env, out }) {
    const ran = await withDatabase(readEnvironment(env).database, runMigrations);
    out(ran.length === 0 ? 'The tables are up to date' : `Migrated: ${ran.join(', ')}`);
    return 0;
  },
};
