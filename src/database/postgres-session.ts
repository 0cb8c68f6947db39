import type { DataSource } from 'typeorm';
import { isTransient } from './postgres-codes.js';

export interface PostgresResult {
  rows: unknown[];
  rowCount: number | null;
}

/** What is used of node-postgres's client. */
export interface PostgresClient {
  query(text: string, values?: readonly unknown[]): Promise<PostgresResult>;
  end(): Promise<void>;
}

/** Where a session's connections come from: one at a time, for as long as `work` takes. */
export interface PostgresConnections {
  use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T>;
}

const TRIES = 5;

/**
 * Statements past TypeORM's own `query`: that hands parameters to the host's logger and keeps them in its errors, and these parameters are
 * payloads.
 */
export class PostgresSession {
  constructor(private readonly connections: PostgresConnections) {}

  query(text: string, values: readonly unknown[] = []): Promise<PostgresResult> {
    return retried(() => this.connections.use((client) => client.query(text, values)));
  }

  /**
   * READ COMMITTED, whatever the database's default is: each statement sees what was committed before it, also by those whom the one
   * before had to wait for.
   */
  transaction<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return retried(() =>
      this.connections.use(async (client) => {
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
}

/** Connections of the DataSource's own pool. */
export function dataSourceConnections(dataSource: DataSource): PostgresConnections {
  return {
    use: async (work) => {
      const runner = dataSource.createQueryRunner();
      try {
        return await work((await runner.connect()) as PostgresClient);
      } finally {
        await runner.release();
      }
    },
  };
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= TRIES || !isTransient(error)) throw error;
    }
  }
}
