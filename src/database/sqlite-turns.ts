import type BetterSqlite3 from 'better-sqlite3';
import type { EntityManager } from 'typeorm';

export type Database = BetterSqlite3.Database;
export type Statement<Bind extends unknown[] = unknown[], Row = unknown> = BetterSqlite3.Statement<Bind, Row>;

/** What readiness and health answers show of the connection. */
export interface SqliteTurnsHealth {
  readonly state: 'ready' | 'reopening';
  readonly holder: { readonly label: string; readonly sinceMs: number } | null;
  /** Units of work that wait for their turn. */
  readonly waiting: number;
}

/** The one SQLite connection of a process, and the turns that host and engine take on it. */
export interface SqliteTurns {
  step<T>(label: string, work: (db: Database) => T): Promise<T>;
  read<T>(label: string, work: (db: Database) => T): Promise<T>;
  tryReadNow<T>(work: (db: Database) => T): { value: T } | undefined;
  prepare<Bind extends unknown[] = unknown[], Row = unknown>(sql: string): Statement<Bind, Row>;
  connectionOf(manager: EntityManager): Database;
  onCommit(manager: EntityManager, callback: () => void): void;
  runOutside<T>(work: () => T): T;
  health(): SqliteTurnsHealth;
  drain(): Promise<void>;
  close(): Promise<void>;
}
