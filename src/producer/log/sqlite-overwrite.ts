import type { Database } from '../../database/sqlite-turns.js';

/**
 * Runs `work` so that what it deletes is overwritten with zeros (`PRAGMA secure_delete`, which may be switched at any time), also on pages that
 * become free. Otherwise the bytes stay in the file until something else is written there. `work` must not wait. Stale copies elsewhere in the
 * file there are none, as the connection is set up with `FAST`.
 */
export function overwriting<T>(db: Database, work: () => T): T {
  const before = db.pragma('secure_delete', { simple: true });
  db.pragma('secure_delete = ON');
  try {
    return work();
  } finally {
    db.pragma(`secure_delete = ${before === 2 ? 'FAST' : before === 1 ? 'ON' : 'OFF'}`);
  }
}
