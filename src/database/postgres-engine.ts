import type { DataSource } from 'typeorm';
import { DatabaseUnavailableError } from './errors.js';
import { isTransient } from './postgres-codes.js';
import { PostgresPool, runScript, type PostgresPoolOptions } from './postgres-pool.js';
import type { PostgresConnections, PostgresResult } from './postgres-session.js';
import { inSchema } from './schema-name.js';

/** Tries of work that the server broke off or lost. */
const TRIES = 4;
const FIRST_PAUSE_MS = 20;

/**
 * The engine's access to PostgreSQL. Every unit of its work is one round trip: a statement, or a script of several. So no lock and no
 * snapshot of the engine outlives what the server does by itself, whatever becomes of the node: one that is stopped in the middle stops
 * nobody else.
 */
export class PostgresEngine {
  private readonly pool: PostgresPool;

  constructor(
    private readonly dataSource: DataSource,
    options: PostgresPoolOptions,
  ) {
    this.pool = new PostgresPool(dataSource, options);
  }

  /** A table as SQL names it. */
  table(name: string): string {
    return inSchema(this.dataSource.options, `signpost_${name}`);
  }

  /** Arguments of an advisory lock that is this installation's own: another one in the same database has other tables. */
  lock(name: number): string {
    return `${name}, '${this.table('log').replaceAll("'", "''")}'::regclass::oid::int`;
  }

  /** The rows of one statement. Begun again when the server broke it off in favour of another transaction. */
  async rows<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.run(text, values)).rows as Row[];
  }

  /** How many rows one statement changed. */
  async change(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.run(text, values)).rowCount ?? 0;
  }

  /** As `rows`, for a statement that does no harm if it is done twice: begun again also when the connection broke. */
  rowsAgain<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return again(() => this.rows<Row>(text, values), true);
  }

  /**
   * Several statements in one round trip, without parameters, as one transaction; each sees what was committed before it began, whatever
   * the database's default is. Must do no harm if it is done twice.
   */
  script(statements: readonly string[]): Promise<PostgresResult[]> {
    const script = ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', ...statements];
    return again(() => this.pool.use((client) => runScript(client, script)), true);
  }

  get connections(): PostgresConnections {
    return this.pool;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private run(text: string, values: readonly unknown[]): Promise<PostgresResult> {
    return again(() => this.pool.use((client) => client.query(text, values)), false);
  }
}

async function again<T>(work: () => Promise<T>, alsoWhenLost: boolean): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const lost = error instanceof DatabaseUnavailableError;
      const brokenOff = isTransient(error);
      if (tries >= TRIES || !(brokenOff || (lost && alsoWhenLost))) throw error;
      if (!brokenOff) await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 4 ** (tries - 1)));
    }
  }
}
