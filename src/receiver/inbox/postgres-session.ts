import type { DataSource } from 'typeorm';

export interface PostgresResult {
  rows: unknown[];
  rowCount: number | null;
}

/** What is used of node-postgres's client. */
export interface PostgresClient {
  query(text: string, values?: readonly unknown[]): Promise<PostgresResult>;
  end(): Promise<void>;
}

/** serialization_failure and deadlock_detected (PostgreSQL, Appendix A): the same work succeeds if it is begun again. */
const TRANSIENT = new Set<unknown>(['40001', '40P01']);
const TRIES = 5;

/**
 * Statements on connections of the DataSource's pool, past TypeORM's own `query`: that hands parameters to the host's logger and
 * keeps them in its errors, and these parameters are payloads.
 */
export class PostgresSession {
  constructor(private readonly dataSource: DataSource) {}

  query(text: string, values: readonly unknown[] = []): Promise<PostgresResult> {
    return retried(() => this.onClient((client) => client.query(text, values)));
  }

  /**
   * READ COMMITTED, whatever the database's default is: each statement sees what was committed before it, also by those whom the one
   * before had to wait for.
   */
  transaction<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return retried(() =>
      this.onClient(async (client) => {
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        try {
          const result = await work(client);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          // A connection that did not take the ROLLBACK must not go back into the pool: its next user would be in our transaction.
          await client.query('ROLLBACK').catch(() => client.end());
          throw error;
        }
      }),
    );
  }

  private async onClient<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      return await work((await runner.connect()) as PostgresClient);
    } finally {
      await runner.release();
    }
  }
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= TRIES || !TRANSIENT.has((error as { code?: unknown }).code)) throw error;
    }
  }
}
