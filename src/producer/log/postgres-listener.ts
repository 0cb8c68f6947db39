import type { DataSource } from 'typeorm';
import { connectionOptions, pgOf, type PgClient } from '../../database/postgres-pool.js';
import { Sleeper } from '../../loop/sleeper.js';

const CHECK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface ListenerSettings {
  channel: string;
  /** Where to listen, if not where the DataSource connects to: past a pooler that keeps no sessions. */
  url: string | undefined;
  /** Notifies on a connection of somebody else, as whoever publishes does. */
  notify: () => Promise<unknown>;
  /** Something was notified, or may have been while nobody listened. */
  heard: () => void;
  /** What the operator should know; once for each change. */
  report: (message: string) => void;
}

/** The LISTEN was taken, and what others notify does not arrive. */
class UnheardError extends Error {
  constructor() {
    super('notifications do not arrive (behind a pooler in transaction mode, give the database itself as listenUrl)');
  }
}

/**
 * Hears NOTIFY on a connection of its own, and makes a new one whenever that breaks or goes silent. A hint, like everything that wakes:
 * whoever is woken looks, and looks by itself from time to time.
 */
export class PostgresListener {
  private readonly sleeper = new Sleeper();
  private running: Promise<void> | undefined;
  private stopping = false;
  private deaf = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: ListenerSettings,
  ) {}

  start(): void {
    this.stopping = false;
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    await this.running;
    this.running = undefined;
  }

  private async run(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.stopping) {
      try {
        await this.connected(async (client, isBroken) => {
          this.begun();
          pause = FIRST_PAUSE_MS;
          while (!this.stopping && !isBroken()) {
            await this.sleeper.sleep(CHECK_EVERY_MS);
            if (!this.stopping && !isBroken()) await within(client.query('SELECT 1'));
          }
        });
      } catch (error) {
        if (this.stopping) break;
        this.failed(error);
      }
      if (this.stopping) break;
      await this.sleeper.sleep(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Runs `listen` on a connection that demonstrably hears; throws what broke it. */
  private async connected(listen: (client: PgClient, isBroken: () => boolean) => Promise<void>): Promise<void> {
    const { channel, url, notify, heard } = this.settings;
    const pg = pgOf(this.dataSource);
    const client = new pg.Client({
      ...(url === undefined ? connectionOptions(this.dataSource) : { connectionString: url }),
      application_name: 'signpost listen',
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      keepAlive: true,
    });
    let broken: Error | undefined;
    let echoes = 0;
    const wake = (): void => this.sleeper.wake();
    client.on('error', (error) => {
      broken ??= error;
      wake();
    });
    client.on('end', () => {
      broken ??= new Error('the connection was closed');
      wake();
    });
    client.on('notification', () => {
      if (++echoes === 1) wake();
      heard();
    });
    try {
      await client.connect();
      await within(client.query(`LISTEN ${channel}`));
      // A pooler in transaction mode takes the LISTEN and lets nobody hear, but for an echo on the one server connection that took it. So
      // somebody else calls, which also tells a listenUrl of another database.
      await within(notify());
      const deadline = performance.now() + ANSWER_WITHIN_MS;
      for (let left = ANSWER_WITHIN_MS; echoes === 0 && left > 0 && !this.stopping && !broken;) {
        await this.sleeper.sleep(left);
        left = deadline - performance.now();
      }
      if (echoes === 0 && !this.stopping) throw broken ?? new UnheardError();
      await listen(client, () => broken !== undefined);
      if (broken && !this.stopping) throw broken;
    } finally {
      // Ended politely, a silent connection would be waited for.
      client.connection.stream.destroy();
    }
  }

  private begun(): void {
    if (this.deaf) this.settings.report('Notifications of PostgreSQL are heard again');
    this.deaf = false;
    // What was notified while nobody listened.
    this.settings.heard();
  }

  private failed(error: unknown): void {
    if (!this.deaf) {
      const why = error instanceof Error ? error.message : String(error);
      this.settings.report(`Signpost polls PostgreSQL until notifications are heard: ${why}`);
    }
    this.deaf = true;
  }
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the connection went silent')), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
