import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSettings } from './environment.js';

const DATA = './data';

/**
 * The master key of a service that was given none: made once and kept beside the SQLite file, or in `./data`, readable by its owner only.
 * Nodes that share a PostgreSQL must share the key as well: one with another key does not start.
 * Losing the file means losing the endpoints' secrets, so it is never written anew while it exists.
 */
export function keptMasterKey(database: DatabaseSettings): string {
  if (database.type === 'sqlite' && database.path === ':memory:') return randomBytes(32).toString('base64');
  const path = join(database.type === 'sqlite' ? dirname(database.path) : DATA, 'master.key');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  mkdirSync(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}`;
  writeFileSync(made, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  try {
    // Fails if the file exists, so processes that start together agree on one key; and nobody reads one that is not written yet.
    linkSync(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made);
  }
  return readFileSync(path, 'utf8').trim();
}
