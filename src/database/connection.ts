import type BetterSqlite3 from 'better-sqlite3';

export type Database = BetterSqlite3.Database;
export type Statement<Bind extends unknown[] = unknown[], Row = unknown> = BetterSqlite3.Statement<Bind, Row>;

/** What is used of TypeORM's better-sqlite3 driver; checked at start, because most of it is not public. */
export interface BetterSqliteDriver {
  databaseConnection: Database;
  queryRunner?: object | undefined;
  attachedDatabases?: Record<string, { attachHandle: string; attachFilepathAbsolute: string }>;
  createQueryRunner(mode?: string): object;
  createDatabaseConnection(): Promise<Database>;
  disconnect(): Promise<void>;
}

/** The engine's SQL is a fixed set; a limit only matters to statements whose text grows with a list of values. */
const MAX_PREPARED = 500;

const SECURE_DELETE_ON = 1;
const SYNCHRONOUS_NORMAL = 1;

/** Sets what soundness needs on a fresh handle; returns the journal mode that SQLite granted. */
export function configure(db: Database): unknown {
  // First, so that nothing after it can block the event loop on another process's lock.
  db.pragma('busy_timeout = 0');
  const journal = db.pragma('journal_mode = WAL', { simple: true });
  // The driver is built with NORMAL as the default in WAL mode: a power cut would take acknowledged commits.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // Pages that are split or merged keep no stale copies of rows, which no later deletion would find. Costs no I/O; a host's ON does more.
  if (db.pragma('secure_delete', { simple: true }) !== SECURE_DELETE_ON) db.pragma('secure_delete = FAST');
  return journal;
}

/** The one better-sqlite3 handle, its prepared statements, and the way back when it cannot be trusted any more. */
export class SqliteConnection {
  /** TypeORM's statement cache; one for all query runners, as they share the handle. */
  readonly hostStatements: Map<string, Statement> = new Map();
  readonly #statements = new Map<string, Statement>();
  /** What `synchronous` was before it was relaxed; undefined: it is not. */
  #strict: number | undefined;

  constructor(readonly driver: BetterSqliteDriver) {}

  get db(): Database {
    return this.driver.databaseConnection;
  }

  get inTransaction(): boolean {
    return this.db.inTransaction;
  }

  prepare(sql: string): Statement {
    const cached = this.#statements.get(sql);
    if (cached) return cached;
    const statement = this.db.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > MAX_PREPARED) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  run(sql: string): void {
    this.prepare(sql).run();
  }

  /** Throws SQLITE_BUSY if another process holds the write lock. */
  probeWriteLock(): void {
    this.run('BEGIN IMMEDIATE');
    this.run('ROLLBACK');
  }

  /**
   * Begins a transaction of the engine. With `durable: false` its COMMIT does not wait for the disk: it survives a crash of the process, and
   * the next durable COMMIT takes it along, as the log is synced from its start; a power failure before that takes it back. `clean` ends this.
   */
  begin({ durable }: { durable: boolean }): void {
    if (!durable) this.#relax();
    this.run('BEGIN IMMEDIATE');
  }

  /**
   * Rolls back what is open, and makes commits durable again. False if that failed: the handle must be reopened before anybody uses it again.
   */
  clean(): boolean {
    try {
      if (this.db.inTransaction) this.run('ROLLBACK');
      // Refused within a transaction, so in this order.
      if (this.#strict !== undefined) this.db.pragma(`synchronous = ${this.#strict}`);
      this.#strict = undefined;
    } catch {
      return false;
    }
    return !this.db.inTransaction;
  }

  /** Never prepared and kept: SQLite sets it when the statement is compiled, not when it runs. */
  #relax(): void {
    if (this.#strict !== undefined) return;
    const strict = this.db.pragma('synchronous', { simple: true }) as number;
    if (strict <= SYNCHRONOUS_NORMAL) return;
    this.#strict = strict;
    this.db.pragma(`synchronous = ${SYNCHRONOUS_NORMAL}`);
  }

  /**
   * Closes the handle, which rolls back in any case, and opens it again as TypeORM did. Throws if either fails; call
   * again. An in-memory database would be lost with its handle, so there only the rollback is tried again.
   */
  async reopen(): Promise<void> {
    if (this.db.open) {
      if (this.clean()) return;
      if (this.db.memory) throw new Error('an in-memory database cannot be reopened');
      this.db.close();
    }
    this.#statements.clear();
    this.hostStatements.clear();
    this.#strict = undefined;
    const db = await this.driver.createDatabaseConnection();
    try {
      configure(db);
      for (const { attachHandle, attachFilepathAbsolute } of Object.values(this.driver.attachedDatabases ?? {})) {
        db.prepare(`ATTACH ? AS "${attachHandle}"`).run(attachFilepathAbsolute);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.driver.databaseConnection = db;
  }
}
