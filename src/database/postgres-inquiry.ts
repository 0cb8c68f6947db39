import type { PgClient, PgModule } from './postgres-pool.js';

/** A statement that takes longer, in ms, is asked after. */
const ASK_AFTER_MS = 700;
const ANSWER_WITHIN_MS = 500;
/** An answer that is on its way, when the server says that it has answered, gets this long. */
const ON_ITS_WAY_MS = 200;

/**
 * Finds out, over another connection, whether a statement that takes long is being worked on. A network that went silent looks like a
 * server that is busy; the server knows which it is, and a time limit alone would break off what is only slow.
 */
export class PostgresInquiry {
  private readonly direct = new WeakMap<PgClient, boolean>();

  constructor(
    private readonly pg: PgModule,
    private readonly options: object,
  ) {}

  /** Call with a new connection. Behind a pooler the backend changes, and nobody can be asked after it. */
  async meet(client: PgClient): Promise<void> {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const [row] = rows as { pid: number }[];
    this.direct.set(client, row?.pid === client.processID);
  }

  /** Watches over what the client is asked until the returned function is called; breaks the connection if nobody works on it. */
  watch(client: PgClient): () => void {
    if (this.direct.get(client) !== true) return () => undefined;
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    const ask = async (): Promise<void> => {
      const waitedFor = await this.isWaitedFor(client);
      if (!over && waitedFor) timer = setTimeout(() => void ask(), ASK_AFTER_MS);
      else if (!over) timer = setTimeout(() => client.connection.stream.destroy(), ON_ITS_WAY_MS);
    };
    timer = setTimeout(() => void ask(), ASK_AFTER_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }

  /** Whether the server works on the client's statement. If it cannot be asked, it may. */
  private async isWaitedFor(client: PgClient): Promise<boolean> {
    const limits = { connectionTimeoutMillis: ANSWER_WITHIN_MS, query_timeout: ANSWER_WITHIN_MS };
    const other = new this.pg.Client({ ...this.options, ...limits });
    other.on('error', () => undefined);
    try {
      await other.connect();
      const { rows } = await other.query(`SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, [
        client.processID,
      ]);
      return rows.length > 0;
    } catch {
      return true;
    } finally {
      other.connection.stream.destroy();
    }
  }
}
