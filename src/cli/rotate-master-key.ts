import { rotateMasterKey, runMigrations, type ResealSummary } from '../index.js';
import { readEnvironment } from '../service/environment.js';
import { UsageError, type Command, type CommandContext } from './command.js';
import { withDatabase } from './with-database.js';

const DESCRIPTION = `Seals everything that is sealed in the database of DATABASE_URL anew, under SIGNPOST_MASTER_KEY. SIGNPOST_PREVIOUS_MASTER_KEYS names the
key (or keys, with commas between) that it is sealed under now. Can be run beside the service, broken off, and run again.

  1. Make a key:  openssl rand -base64 32
  2. Restart each node with the old SIGNPOST_MASTER_KEY and the new key in SIGNPOST_PREVIOUS_MASTER_KEYS, so that all can open both.
     (Skip this where there is one node only.)
  3. Restart each node with the new SIGNPOST_MASTER_KEY and the old key in SIGNPOST_PREVIOUS_MASTER_KEYS.
  4. Run this command with the same two settings.
  5. Restart each node without SIGNPOST_PREVIOUS_MASTER_KEYS, and destroy the old key.

Where the service keeps its key in a file (./data/master.key), stop it and replace the file in one step at the end:

  (umask 077; openssl rand -base64 32 > data/master.key.new)
  SIGNPOST_MASTER_KEY=$(cat data/master.key.new) SIGNPOST_PREVIOUS_MASTER_KEYS=$(cat data/master.key) signpost rotate-master-key &&
    mv data/master.key.new data/master.key`;

export const rotateMasterKeyCommand: Command = {
  name: 'rotate-master-key',
  summary: 'seal everything in the database under a new master key',
  description: DESCRIPTION,
  async run(context) {
    const { database, masterKey, previousMasterKeys } = readEnvironment(context.env);
    if (masterKey === undefined) {
      throw new UsageError('SIGNPOST_MASTER_KEY: give the new master key; see signpost rotate-master-key --help');
    }
    if (previousMasterKeys.length === 0) {
      throw new UsageError(
        'SIGNPOST_PREVIOUS_MASTER_KEYS: give the key that the database is sealed under; see signpost rotate-master-key --help',
      );
    }
    const summary = await withDatabase(database, async (dataSource) => {
      await runMigrations(dataSource);
      return rotateMasterKey(dataSource, { masterKey, previousMasterKeys });
    });
    return report(summary, context);
  },
};

/** 1 unless the former keys can be thrown away. */
function report({ resealed, unknown, damaged }: ResealSummary, { out, err }: CommandContext): number {
  out(`Sealed anew: ${resealed} values`);
  for (const { column, keyId, count } of unknown) {
    err(`${count} values of ${column} are under master key ${keyId}, which is none of those given`);
  }
  for (const value of damaged) err(`${value} is damaged and opens under no key; set it anew or delete it`);
  if (unknown.length > 0) return 1;
  out('Everything is under the new master key; start without SIGNPOST_PREVIOUS_MASTER_KEYS from now on');
  return damaged.length > 0 ? 1 : 0;
}
