import type { SqliteConnection, Statement } from './connection.js';
import { sqliteCodeOf, SqliteTurnsError, TransactionLostError } from './errors.js';
import { GuardedStatement, type RunnableStatement } from './guarded-statement.js';
import type { Lease } from './lease.js';
import { untilUnlocked } from './lock-retry.js';
import type { TurnSettings } from './options.js';
import { transactionVerb, withWriteLock } from './savepoints.js';
import type { TransactionContext } from './transaction-context.js';
import { broadcasterClass, type RunnerBroadcaster } from './turn-broadcaster.js';
import type { TurnQueue } from './turn-queue.js';

/** What is used of TypeORM's better-sqlite3 query runner; checked at start, because part of it is not public. */
export interface SqliteRunner {
  isReleased: boolean;
  isTransactionActive: boolean;
  transactionDepth: number;
  stmtCache: Map<string, Statement>;
  broadcaster: RunnerBroadcaster;
  getStmt(sql: string): Promise<RunnableStatement>;
  query(sql: string, parameters?: unknown, structured?: boolean): Promise<unknown>;
  startTransaction(isolation?: string): Promise<void>;
  commitTransaction(): Promise<void>;
  rollbackTransaction(): Promise<void>;
  beforeMigration(): Promise<void>;
  afterMigration(): Promise<void>;
  clearDatabase(database?: string): Promise<void>;
  loadPragmaRecords(table: string, pragma: string): Promise<unknown>;
  release(): Promise<void>;
}

export type SqliteRunnerClass = new (driver: object) => SqliteRunner;

/** What every query runner of one DataSource shares. */
export interface RunnerSurroundings {
  readonly connection: SqliteConnection;
  readonly queue: TurnQueue;
  readonly context: TransactionContext;
  readonly settings: TurnSettings;
  /** The turn that a query runner holds now. */
  readonly leases: WeakMap<object, Lease>;
  /** Called with what `onCommit` collected, after the outermost COMMIT. */
  readonly committed: (callbacks: readonly (() => void)[]) => void;
}

/** What a statement does, for labels; never more of its text. */
const statementLabel = (sql: string): string =>
  `${/^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|PRAGMA|CREATE|ALTER|DROP)\b/i.exec(sql)?.[1]?.toUpperCase() ?? 'SQL'} statement`;

/** TypeORM wraps whatever a statement throws; our own errors are for the caller as they are. */
const unwrapped = (error: unknown): unknown => {
  const { driverError } = error as { driverError?: unknown };
  return driverError instanceof SqliteTurnsError ? driverError : error;
};

/** The host's DataSource loads its own copy of TypeORM, so the class to extend is known at run time only. */
export function turnQueryRunnerClass(sample: SqliteRunner, around: RunnerSurroundings): SqliteRunnerClass {
  const { connection, queue, context, settings, leases } = around;
  const Base = sample.constructor as SqliteRunnerClass;
  const Broadcaster = broadcasterClass(sample.broadcaster, around);

  return class TurnQueryRunner extends Base {
    /** Set while this runner's transaction waits for its turn, for statements that were not meant to overtake it. */
    #beginning: Promise<unknown> | undefined;
    /** TypeORM itself is ending the transaction, and keeps its flags. */
    #ending = false;

    constructor(driver: object) {
      super(driver);
      this.stmtCache = connection.hostStatements;
      this.broadcaster = new Broadcaster(this);
    }

    override async query(sql: string, parameters?: unknown, structured?: boolean): Promise<unknown> {
      if (this.isReleased) return super.query(sql, parameters, structured);
      const verb = transactionVerb(sql);
      return this.#inTurn(verb ? 'raw transaction' : statementLabel(sql), async (lease) => {
        const run = () => super.query(withWriteLock(sql), parameters, structured);
        try {
          // What SQLite has rolled back by itself needs no ROLLBACK, and would reject it.
          const isLost = lease.inTransaction && !connection.inTransaction;
          if (isLost && verb?.kind === 'rollback') return void lease.end();
          // Only outside a transaction: within one, the write lock is held already.
          if (lease.state === 'idle') return await untilUnlocked(settings, run, () => connection.probeWriteLock());
          return await run();
        } catch (error) {
          throw unwrapped(error);
        } finally {
          if (verb && !this.#ending && !lease.inTransaction) this.#matchFlags(lease);
        }
      });
    }

    override async getStmt(sql: string): Promise<RunnableStatement> {
      const lease = leases.get(this);
      const statement = await super.getStmt(sql);
      return new GuardedStatement(sql, statement, lease, connection, around.committed);
    }

    override async startTransaction(isolation?: string): Promise<void> {
      const origin = new Error();
      const held = leases.get(this);
      if (held?.inTransaction) {
        held.admit(connection.inTransaction);
        try {
          return await super.startTransaction(isolation);
        } finally {
          this.#matchFlags(held);
        }
      }
      return this.#inTurn(
        'host transaction',
        async (lease) => {
          try {
            await super.startTransaction(isolation);
          } catch (error) {
            // The host's code takes a rejected start for "not started" and never ends it.
            connection.clean();
            lease.end();
            throw error;
          } finally {
            this.#matchFlags(lease);
          }
        },
        origin,
      );
    }

    override async commitTransaction(): Promise<void> {
      const lease = leases.get(this);
      try {
        this.#ending = true;
        await super.commitTransaction();
      } finally {
        this.#ending = false;
        this.#matchFlags(lease);
      }
    }

    override async rollbackTransaction(): Promise<void> {
      const lease = leases.get(this);
      if (!lease?.inTransaction) return super.rollbackTransaction();
      const depth = this.transactionDepth;
      const outermost = depth <= 1;
      lease.inFlight++;
      this.#ending = true;
      try {
        await super.rollbackTransaction();
      } catch (error) {
        // A ROLLBACK that failed is mended below; an error of the host's subscriber is the host's to see.
        const ofDatabase = sqliteCodeOf(error) !== undefined || error instanceof TransactionLostError;
        if (!ofDatabase || (!outermost && lease.state === 'begun')) throw error;
      } finally {
        this.#ending = false;
        if (outermost) {
          connection.clean();
          lease.end();
        } else if (lease.inTransaction) {
          this.transactionDepth = depth - 1;
        }
        this.#leave(lease);
        this.#matchFlags(lease);
      }
    }

    /** Foreign keys are off for the whole connection until `afterMigration`: nobody else may have a turn meanwhile. */
    override async beforeMigration(): Promise<void> {
      await this.#inTurn('schema change', async (lease) => {
        await super.beforeMigration();
        lease.holds++;
      });
    }

    override async afterMigration(): Promise<void> {
      const lease = leases.get(this);
      await super.afterMigration();
      if (lease && lease.holds > 0) lease.holds--;
      if (lease) this.#settle(lease);
    }

    override async clearDatabase(database?: string): Promise<void> {
      await this.#inTurn('schema change', async (lease) => {
        lease.holds++;
        try {
          await super.clearDatabase(database);
        } finally {
          if (lease.holds > 0) lease.holds--;
        }
      });
    }

    override loadPragmaRecords(table: string, pragma: string): Promise<unknown> {
      return this.#inTurn('PRAGMA statement', () => super.loadPragmaRecords(table, pragma));
    }

    override async release(): Promise<void> {
      const lease = leases.get(this);
      this.isReleased = true;
      await super.release();
      if (!lease) return;
      // A failed migration ends without `afterMigration`; the pragma has no effect inside a transaction.
      if (connection.clean() && lease.holds > 0) connection.run('PRAGMA foreign_keys = ON');
      lease.close();
      this.#settle(lease);
      this.#matchFlags(lease);
    }

    /** Runs `work` in the turn that this runner holds, or else in one of its own. */
    async #inTurn<T>(label: string, work: (lease: Lease) => Promise<T>, origin?: Error): Promise<T> {
      context.refuseEnded(this, leases.get(this));
      const lease = leases.get(this) ?? (await this.#takeTurn(label, origin));
      lease.inFlight++;
      try {
        return await work(lease);
      } finally {
        this.#leave(lease);
      }
    }

    async #takeTurn(label: string, origin?: Error): Promise<Lease> {
      context.refuseOutside(label);
      if (!origin && this.#beginning) await this.#beginning.catch(() => undefined);
      const held = leases.get(this);
      if (held) return held;
      const turn = queue.lease(label, this, origin);
      if (origin) this.#beginning = turn;
      try {
        const lease = await turn;
        leases.set(this, lease);
        // Nobody is left to end it.
        if (this.isReleased) this.#settle(lease);
        return lease;
      } finally {
        if (this.#beginning === turn) this.#beginning = undefined;
      }
    }

    #leave(lease: Lease): void {
      lease.inFlight--;
      this.#settle(lease);
    }

    #settle(lease: Lease): void {
      if (!lease.canReturn) return;
      if (leases.get(this) === lease) leases.delete(this);
      queue.giveBack(lease);
    }

    /** TypeORM leaves its flags behind when BEGIN, COMMIT or ROLLBACK fails. */
    #matchFlags(lease: Lease | undefined): void {
      this.isTransactionActive = lease?.inTransaction ?? false;
      if (!this.isTransactionActive) this.transactionDepth = 0;
    }
  };
}
