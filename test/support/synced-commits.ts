import type { DataSource } from 'typeorm';
import type { Database } from '../../src/database/connection.js';

export const handleOf = (dataSource: DataSource): Database =>
  (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;

/** What SQLite waits for in a commit: 2 (`FULL`) is the disk, 1 (`NORMAL`) is nothing. */
export const synchronousOf = (db: Database): unknown => db.pragma('synchronous', { simple: true });

/** Whether each engine transaction that `work` caused waited for the disk: true, or false; to be called with one step at a time. */
export async function isSynced(dataSource: DataSource, work: () => Promise<unknown>): Promise<boolean> {
  const db = handleOf(dataSource);
  const pragma = db.pragma.bind(db);
  let relaxed = false;
  // The setting is compiled anew each time, unlike BEGIN and COMMIT, which are prepared once.
  db.pragma = (source, options) => {
    if (source === 'synchronous = 1') relaxed = true;
    return pragma(source, options);
  };
  try {
    await work();
  } finally {
    db.pragma = pragma;
  }
  return !relaxed;
}
