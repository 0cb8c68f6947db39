import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query } from '../../../scripts/embedded-postgres.js';
import { freshDatabase, type Database, type FreshDatabase } from '../../support/databases.js';
import { Child } from './child.js';
import { ADMIN_KEY, request, type Reply, type RequestContent } from './request.js';

export interface Fault {
  point: string;
  /** Dies when the point is passed for this time, 1 for the first. */
  nth: number;
}

/** Where a process died, and the signal that it had in hand. */
export interface LastWords {
  point: string;
  inHand: { id?: string; body?: string };
}

/** Loaded processes that wait for their turn: loading takes most of a start, so it is done ahead. */
const SPARES = 3;

/** On PostgreSQL nobody knows which node has died: its leases end by themselves, within this time if not before (see `endLeases`). */
const DISPATCH: Record<Database, object> = { sqlite: {}, postgres: { signalTimeoutMs: 3_000, leaseMs: 12_000 } };

/** One installation: a database, and one process after the other on it. */
export class Producer {
  private readonly spares: Child[] = [];
  private child: Child | undefined;
  private url: string | undefined;
  private hasServed = false;

  private constructor(
    private readonly directory: string,
    readonly database: FreshDatabase,
    private readonly dispatch: object,
  ) {}

  static async create(database: Database, { confirmSchedule = [3_600_000] } = {}): Promise<Producer> {
    const dispatch = { retrySchedule: [200, 500], confirmSchedule, ...DISPATCH[database] };
    return new Producer(await mkdtemp(join(tmpdir(), 'signpost-chaos-')), await freshDatabase(database), dispatch);
  }

  get baseUrl(): string | undefined {
    return this.url;
  }

  /** A process begins to start on the database; `fault` is armed from its first instruction. */
  async launch(fault?: Fault): Promise<void> {
    if (this.child?.isAlive) throw new Error('A producer is running on this database');
    rmSync(this.lastWordsFile, { force: true });
    while (this.spares.length < SPARES) this.spares.push(new Child('producer-process.js'));
    const child = this.spares.shift() as Child;
    this.child = child;
    await child.told('loaded');
    if (this.hasServed) await endLeases(this.database);
    const { dispatch, lastWordsFile: lastWords } = this;
    child.send({ start: { database: this.database.options, dispatch, lastWords, fault } });
  }

  /** Resolves when the launched process serves. */
  async ready(): Promise<void> {
    const { child } = this;
    this.url = (await child?.told('url')) as string;
    this.hasServed = true;
    void child?.end.then(() => {
      if (this.child === child) this.url = undefined;
    });
  }

  async start(): Promise<void> {
    await this.launch();
    await this.ready();
  }

  /** From now on the n-th pass of the point kills the process. */
  async arm(fault: Fault): Promise<void> {
    this.child?.send({ arm: fault });
    await this.child?.told('armed');
  }

  /** Resolves when the process has died at the armed point. */
  async death(): Promise<LastWords> {
    const signal = await this.child?.end;
    this.url = undefined;
    if (signal !== 'SIGKILL' || !existsSync(this.lastWordsFile)) {
      throw new Error(`The producer ended by itself (${signal}):\n${this.child?.output.slice(-2_000)}`);
    }
    return JSON.parse(readFileSync(this.lastWordsFile, 'utf8')) as LastWords;
  }

  async kill(): Promise<void> {
    this.url = undefined;
    await this.child?.kill();
  }

  /** What the present process wrote; nothing, if all is well. */
  get output(): string {
    return this.child?.output ?? '';
  }

  /** Undefined when there was no answer, because nobody serves or the process died meanwhile. */
  async request(method: string, path: string, init: RequestContent): Promise<Reply | undefined> {
    return this.url === undefined ? undefined : request(this.url, method, path, init);
  }

  admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply | undefined> {
    return this.request(method, `/admin/v1${path}`, {
      key: ADMIN_KEY,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.child, ...this.spares].map((child) => child?.kill()));
    await this.database.drop();
    await rm(this.directory, { recursive: true, force: true });
  }

  private get lastWordsFile(): string {
    return join(this.directory, 'last-words');
  }
}

/** As if the time had passed that a lease is good for. */
async function endLeases({ options }: FreshDatabase): Promise<void> {
  if (options.type !== 'postgres') return;
  await query(
    String(options.url),
    `UPDATE signpost_endpoint_position SET lease_until = ended.at, due_at = ended.at
     FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at) AS ended WHERE lease_owner IS NOT NULL`,
  );
}
