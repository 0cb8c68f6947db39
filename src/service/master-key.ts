import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The master key of a service that was given none: made once and kept beside the database, readable by its owner only.
 * Losing the file means losing the endpoints' secrets, so it is never written anew while it exists.
 */
export function keptMasterKey(database: string): string {
  if (database === ':memory:') return randomBytes(32).toString('base64');
  const path = join(dirname(database), 'master.key');
  mkdirSync(dirname(path), { recursive: true });
  try {
    // `wx` fails if the file exists, so two processes that start together agree on one key.
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}
