import type { DataSource, EntityManager } from 'typeorm';
import type { Database, SqliteConnection, Statement } from './connection.js';
import { namedDatabaseError, NotInTransactionError, SqliteTurnsClosedError } from './errors.js';
import type { Lease } from './lease.js';
import type { TransactionContext } from './transaction-context.js';
import type { TurnQueue } from './turn-queue.js';

export type { Database, Statement };

/** What readiness and health answers show of the connection. */
export interface SqliteTurnsHealth {
  /** `reopening`: nothing can be read or written until the connection is back; answer "not ready". */
  readonly state: 'ready' | 'reopening';
  /** Who has the connection now, and for how many milliseconds. */
  readonly holder: { readonly label: string; readonly sinceMs: number } | null;
  /** Units of work that wait for their turn. */
  readonly waiting: number;
}

/**
 * The one SQLite connection of a process. Units of work take turns on it in FIFO order: an outermost host transaction
 * from BEGIN to its end, a single host statement outside one, an engine step.
 */
export class SqliteTurns {
  #closed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly connection: SqliteConnection,
    private readonly queue: TurnQueue,
    private readonly context: TransactionContext,
    private readonly leases: WeakMap<object, Lease>,
  ) {}

  /**
   * A synchronous write of the engine. Steps that wait together run in one transaction with one COMMIT, each in its own
   * savepoint: one that throws is rolled back and rejected alone. The promise settles after the COMMIT, so what it
   * resolves is durable. Rejects with what `work` throws, or with a named error of `errors.ts` that has it as `cause`.
   *
   * `work` must not wait, must not begin or end transactions, and must leave no trace outside the database, as its
   * effects may be rolled back with a COMMIT that fails.
   *
   * `durable: false` is for what no promise rests on, such as a lease: a crash of the process does not take it back, a power failure may,
   * unless something durable was committed after it. It spares the fsync, which blocks everything else of the process.
   */
  async step<T>(label: string, work: (db: Database) => T, { durable = true } = {}): Promise<T> {
    this.#admit(label);
    return this.queue.step(label, work, durable);
  }

  /**
   * A synchronous read of committed rows. Runs at once unless a transaction is open on the connection, as it would see
   * that transaction's uncommitted rows; otherwise it waits in the queue.
   */
  async read<T>(label: string, work: (db: Database) => T): Promise<T> {
    if (this.#closed) throw new SqliteTurnsClosedError(label);
    if (this.queue.readable) {
      try {
        return work(this.connection.db);
      } catch (error) {
        throw namedDatabaseError(error);
      }
    }
    this.#admit(label);
    return this.queue.read(label, work);
  }

  /** `read` without a promise, for hot paths: undefined if it would have to wait. */
  tryReadNow<T>(work: (db: Database) => T): { value: T } | undefined {
    return !this.#closed && this.queue.readable ? { value: work(this.connection.db) } : undefined;
  }

  /**
   * The prepared statement of `sql`, from a cache that a reopened connection empties: ask for it within each step, and
   * do not keep it. Modes such as `pluck()` stick to the cached statement.
   */
  prepare<Bind extends unknown[] = unknown[], Row = unknown>(sql: string): Statement<Bind, Row> {
    return this.connection.prepare(sql) as unknown as Statement<Bind, Row>;
  }

  /**
   * The raw handle, to write in the caller's own transaction. Use it in the same synchronous stretch of code.
   *
   * @throws NotInTransactionError unless this manager's transaction is open
   * @throws TransactionLostError if SQLite has rolled it back
   */
  connectionOf(manager: EntityManager): Database {
    this.#openLease(manager);
    return this.connection.db;
  }

  /**
   * Calls `callback` once, after the manager's outermost transaction has committed; never if it, or a savepoint that
   * `callback` was registered in, is rolled back. An error that it throws goes to the DataSource's logger.
   *
   * @throws NotInTransactionError, TransactionLostError as `connectionOf`
   */
  onCommit(manager: EntityManager, callback: () => void): void {
    this.#openLease(manager).callbacks.add(callback);
  }

  /** Runs what outlives the transaction that happens to start it, such as the engine's loop, as if started outside. */
  runOutside<T>(work: () => T): T {
    return this.context.exit(work);
  }

  health(): SqliteTurnsHealth {
    const holder = this.queue.holder();
    return {
      state: this.queue.reopening ? 'reopening' : 'ready',
      holder: holder && { label: holder.label, sinceMs: holder.sinceMs },
      waiting: this.queue.waiting,
    };
  }

  /** Resolves when all work that was asked for before has had its turn. Nothing is refused. */
  async drain(): Promise<void> {
    this.context.refuseOutside('drain');
    // First in, first out: when this step has had its turn, all before it have. Whether it succeeds is of no interest.
    await this.queue.step('drain', () => undefined).catch(() => undefined);
  }

  /**
   * Refuses new engine work with `SqliteTurnsClosedError` and resolves when what was accepted is done. The host's own
   * work goes on taking turns until it destroys the DataSource, as its shutdown hooks may come later.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
  }

  #admit(label: string): void {
    if (this.#closed) throw new SqliteTurnsClosedError(label);
    this.context.refuseOutside(label);
  }

  #openLease(manager: EntityManager): Lease {
    if (manager.dataSource !== this.dataSource) {
      throw new NotInTransactionError('this manager belongs to another DataSource');
    }
    const runner = manager.queryRunner;
    if (!runner) throw new NotInTransactionError("this is the DataSource's own manager, which has no transaction");
    const lease = this.leases.get(runner);
    this.context.refuseEnded(runner, lease);
    if (!lease?.inTransaction) throw new NotInTransactionError("this manager's transaction is not begun, or is over");
    lease.admit(this.connection.inTransaction);
    return lease;
  }
}
