import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';

/** Where the receiver keeps its inbox and its effects, and a look at it past the receiver. */
export interface ReceiverDatabase {
  /** Of the receiver's DataSource. */
  options: { type: 'better-sqlite3'; database: string } | { type: 'postgres'; url: string };
  /** No rows as long as the receiver has not made its tables. */
  read<Row>(sql: string): Promise<Row[]>;
  /** Whoever drained has been silent for longer than the drain's lease. */
  endDrainLease(): Promise<void>;
  close(): Promise<void>;
}

/** The same table on both; no key keeps a second effect of an event out, and `place` grows within a subject. */
const EFFECTS = (place: string) => `CREATE TABLE effects (place ${place}, event TEXT NOT NULL, subject TEXT)`;

export function sqliteReceiver(directory: string): ReceiverDatabase {
  const file = join(directory, 'receiver.db');
  const db = new Database(file);
  db.exec(EFFECTS('INTEGER PRIMARY KEY'));
  db.close();
  return {
    options: { type: 'better-sqlite3', database: file },
    // Read while the other process writes: WAL lets both.
    read: async <Row>(sql: string) => {
      const reader = new Database(file, { readonly: true });
      try {
        return reader.prepare(sql).all() as Row[];
      } catch (error) {
        if (/no such table/.test(String(error))) return [];
        throw error;
      } finally {
        reader.close();
      }
    },
    // Its only process takes over what it finds.
    endDrainLease: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const UNDEFINED_TABLE = '42P01';

export async function postgresReceiver(url: string): Promise<ReceiverDatabase> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  // A connection that breaks while nobody uses it is replaced; if the server is gone, the next look says so.
  pool.on('error', () => undefined);
  await pool.query(EFFECTS('BIGINT GENERATED ALWAYS AS IDENTITY'));
  const query = async (sql: string): Promise<unknown[]> => {
    try {
      return (await pool.query(sql)).rows as unknown[];
    } catch (error) {
      if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
      throw error;
    }
  };
  return {
    options: { type: 'postgres', url },
    read: async <Row>(sql: string) => (await query(sql)) as Row[],
    endDrainLease: async () => void (await query('UPDATE signpost_inbox_cursor SET drain_until = 0')),
    close: () => pool.end(),
  };
}
