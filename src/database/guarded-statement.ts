import type { SqliteConnection, Statement } from './connection.js';
import { TransactionEndedError } from './errors.js';
import type { Lease } from './lease.js';

/** The part of a prepared statement that TypeORM's query runner uses. */
export type RunnableStatement = Pick<Statement, 'reader' | 'all' | 'run'>;

/**
 * A statement of one unit of work, checked at the instant it runs. TypeORM awaits between asking for a statement and
 * running it; by then the unit's transaction may be over, and the connection in somebody else's.
 */
export class GuardedStatement {
  readonly reader: boolean;

  constructor(
    private readonly sql: string,
    private readonly statement: RunnableStatement,
    private readonly lease: Lease | undefined,
    private readonly connection: SqliteConnection,
    private readonly committed: (callbacks: readonly (() => void)[]) => void,
  ) {
    this.reader = statement.reader;
  }

  all(...parameters: unknown[]): unknown[] {
    return this.#execute(() => this.statement.all(...parameters));
  }

  run(...parameters: unknown[]): ReturnType<Statement['run']> {
    return this.#execute(() => this.statement.run(...parameters));
  }

  #execute<T>(run: () => T): T {
    const { lease, connection } = this;
    if (!lease) throw new TransactionEndedError();
    lease.admit(connection.inTransaction);
    let result: T;
    try {
      result = run();
    } catch (error) {
      lease.failed(error, connection.inTransaction);
      throw error;
    }
    const callbacks = lease.succeeded(this.sql, connection.inTransaction);
    if (callbacks.length > 0) this.committed(callbacks);
    return result;
  }
}
