import type { DataSource } from 'typeorm';
import { isUnavailable } from './postgres-codes.js';
import { namedPostgresError } from './postgres-errors.js';
import { PostgresInquiry } from './postgres-inquiry.js';
import type { PostgresClient, PostgresConnections, PostgresResult } from './postgres-session.js';

/** What is used of node-postgres. */
export interface PgModule {
  Pool: new (options: object) => PgPool;
  Client: new (options: object) => PgClient;
  types: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
}

interface PgPool {
  connect(): Promise<PooledClient>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (client: PgClient) => void): unknown;
}

export interface PgClient extends PostgresClient {
  connect(): Promise<unknown>;
  /** The backend's process id, as the server named it at the start. */
  readonly processID: number | null;
  readonly connection: { readonly stream: { destroy(error?: Error): unknown } };
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

interface PooledClient extends PgClient {
  release(destroy?: boolean | Error): void;
}

/** A connection that was idle for longer, in ms, is asked whether it is still there before it gets work. */
const TRUSTED_IDLE_MS = 500;
const ANSWER_WITHIN_MS = 500;
const CONNECT_WITHIN_MS = 5_000;
/** No statement of the engine takes so long, in ms; what does is on a connection that is no more. */
const LONGEST_STATEMENT_MS = 15_000;
const INT8 = 20;

export interface PostgresPoolOptions {
  /** Connections, at most. */
  size: number;
  /** What `pg_stat_activity` shows. */
  name: string;
}

/**
 * The engine's own connections, beside the application's pool: an application that holds all of its connections for long does not stop the
 * engine, and the other way round. They are made as TypeORM makes its own, from the DataSource's options.
 */
export class PostgresPool implements PostgresConnections {
  private readonly pool: PgPool;
  private readonly inquiry: PostgresInquiry;
  private readonly lastUsed = new WeakMap<object, number>();
  /** Connections made before this (by `performance.now()`) are not trusted: one of their time was found dead. */
  private distrustedBefore = 0;

  constructor(dataSource: DataSource, { size, name }: PostgresPoolOptions) {
    const pg = pgOf(dataSource);
    const connection = { ...connectionOptions(dataSource), application_name: name };
    this.inquiry = new PostgresInquiry(pg, connection);
    this.pool = new pg.Pool({
      ...connection,
      max: size,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: LONGEST_STATEMENT_MS,
      keepAlive: true,
      allowExitOnIdle: true,
      types: numericInt8(pg),
    });
    // An idle connection that breaks leaves the pool by itself; without a listener it would end the process.
    this.pool.on('error', ignore);
    outliveConnections(this.pool);
    outliveConnections((dataSource.driver as unknown as { master: PgPool }).master);
  }

  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    let client: PooledClient;
    try {
      client = await this.checkOut();
    } catch (error) {
      throw namedPostgresError(error);
    }
    const unwatch = this.inquiry.watch(client);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      // After a failover the old server may still answer, read-only: only a new connection finds the new one.
      broken = isUnavailable(error);
      throw namedPostgresError(error);
    } finally {
      unwatch();
      this.lastUsed.set(client, performance.now());
      // Ended politely, a connection that went silent would be waited for.
      if (broken) client.connection.stream.destroy();
      client.release(broken);
    }
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  /** A connection that is there: a network that went silent shows only when somebody waits for an answer. */
  private async checkOut(): Promise<PooledClient> {
    for (;;) {
      const client = await this.pool.connect();
      const used = this.lastUsed.get(client);
      if (used === undefined) return await this.met(client);
      if (used >= this.distrustedBefore) {
        if (performance.now() - used < TRUSTED_IDLE_MS || (await answers(client))) return client;
        this.distrustedBefore = performance.now();
      }
      client.release(true);
    }
  }

  private async met(client: PooledClient): Promise<PooledClient> {
    try {
      await this.inquiry.meet(client);
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.lastUsed.set(client, performance.now());
    return client;
  }
}

const outlived = new WeakSet<PgPool>();
const ignore = (): void => undefined;

/**
 * A connection that breaks between two statements says so as an event, and the statement after that fails. Nobody listens in the moment in
 * which the pool hands it over, not even TypeORM; and an error that nobody listens for ends the process.
 */
function outliveConnections(pool: PgPool): void {
  if (outlived.has(pool)) return;
  outlived.add(pool);
  pool.on('connect', (client) => client.on('error', ignore));
}

async function answers(client: PooledClient): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS)));
  const answer = client.query('SELECT 1').then(
    () => true,
    () => false,
  );
  const there = await Promise.race([answer, late]);
  clearTimeout(timer);
  // Ended politely, a silent connection would be waited for.
  if (!there) client.connection.stream.destroy();
  return there;
}

/** The node-postgres that TypeORM has loaded. */
export function pgOf(dataSource: DataSource): PgModule {
  return (dataSource.driver as unknown as { postgres: PgModule }).postgres;
}

/** How TypeORM connects to the primary. */
export function connectionOptions({ options }: DataSource): object {
  if (options.type !== 'postgres') throw new Error('This DataSource is not on PostgreSQL');
  const { url, host, port, username, password, database, ssl } = options.replication?.master ?? options;
  const given = { connectionString: url, host, port, user: username, password, database, ssl };
  const extra = (options.extra ?? {}) as Record<string, unknown>;
  // What sizes and times the application's own pool is not for the engine's.
  const { max, min, idleTimeoutMillis, ...connection } = extra;
  return { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), ...connection };
}

/** Positions and times come as numbers: the log stays far below 2^53. */
function numericInt8(pg: PgModule): PgModule['types'] {
  return { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) };
}

/** Several statements in one round trip: one transaction, each statement with a snapshot of its own. No parameters. */
export async function runScript(client: PostgresClient, statements: readonly string[]): Promise<PostgresResult[]> {
  const results: unknown = await client.query(statements.join(';\n'));
  return Array.isArray(results) ? (results as PostgresResult[]) : [results as PostgresResult];
}
