import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { freePort } from '../../package/readme-project.js';
import { type ProducerApp, startProducer } from '../../support/producer-app.js';
import { publish, subscribe, type Subscribed } from '../../support/subscribed.js';
import { until } from '../../support/until.js';
import { Child } from './child.js';

export interface Fault {
  point: string;
  nth: number;
}

const SUBJECTS = 5;

/** A producer that stays, a receiver that is killed, and what each of them holds to be true. */
export class Receiving {
  /** In commit order. */
  readonly published: { id: string; subject: string | null }[] = [];
  private child: Child | undefined;

  private constructor(
    readonly producer: ProducerApp,
    private readonly access: Subscribed,
    private readonly directory: string,
    private readonly port: number,
  ) {}

  static async create(): Promise<Receiving> {
    const producer = await startProducer('fastify', {
      dispatch: { retrySchedule: [50, 100, 200, 500], confirmSchedule: [2_000], pollIntervalMs: 100 },
    });
    const port = await freePort();
    const access = await subscribe(producer, `http://127.0.0.1:${port}/signals`);
    return new Receiving(producer, access, await mkdtemp(join(tmpdir(), 'signpost-receiving-')), port);
  }

  get database(): string {
    return join(this.directory, 'receiver.db');
  }

  /** Starts a receiver process; resolves when it listens, unless it dies before. */
  async start(fault?: Fault): Promise<void> {
    const child = new Child('receiver-host.js');
    this.child = child;
    await child.told('loaded');
    const { apiKey, secret } = this.access;
    const producer = { url: this.producer.url, apiKey };
    child.send({ start: { database: this.database, producer, secret, port: this.port, ...(fault ? { fault } : {}) } });
    await Promise.race([child.told('url'), child.end]);
  }

  async arm(fault: Fault): Promise<void> {
    this.child?.send({ arm: fault });
    await this.child?.told('armed');
  }

  /** Resolves with the name of the signal that ended it. */
  async died(): Promise<string | undefined> {
    return this.child?.end;
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  get output(): string {
    return this.child?.output ?? '';
  }

  async publish(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const number = this.published.length;
      // Every sixth has no subject, and so no order.
      const subject = number % 6 === 5 ? null : `s${number % SUBJECTS}`;
      const event = { type: 'order.placed', data: { number }, ...(subject === null ? {} : { subject }) };
      this.published.push({ id: (await publish(this.producer, event)).id, subject });
    }
  }

  /** Where the process died, as it said itself. */
  async lastWords(): Promise<string | undefined> {
    const file = `${this.database}.last-words`;
    if (!existsSync(file)) return undefined;
    return (JSON.parse(await readFile(file, 'utf8')) as { point: string }).point;
  }

  /** Until every event has had its effect. What is missing then is for `broken`. */
  async settle(): Promise<void> {
    const all = () =>
      new Set(this.effects().map(({ event }) => event)).size >= this.published.length && this.open() === 0;
    await until(all, 'every effect', 30_000).catch(() => undefined);
  }

  /** What of the promises does not hold; all lists are empty when all is well. */
  broken(): Record<string, string[]> {
    const effects = this.effects();
    const times = new Map<string, number>();
    for (const { event } of effects) times.set(event, (times.get(event) ?? 0) + 1);
    const known = new Set(this.published.map(({ id }) => id));
    const disorder: string[] = [];
    for (const subject of new Set(this.published.map((event) => event.subject))) {
      if (subject === null) continue;
      const expected = this.published.filter((event) => event.subject === subject).map(({ id }) => id);
      const actual = effects.filter((effect) => effect.subject === subject).map(({ event }) => event);
      const at = expected.findIndex((id, index) => actual[index] !== id);
      if (at >= 0) disorder.push(`${subject}: at ${at}, ${actual[at]} instead of ${expected[at]}`);
    }
    return {
      'no event is lost': this.published.filter(({ id }) => !times.has(id)).map(({ id }) => id),
      'no effect is doubled': [...times].filter(([, count]) => count > 1).map(([id, count]) => `${id}: ${count} times`),
      'no effect is of no event': [...times.keys()].filter((id) => !known.has(id)),
      'events of a subject are handled in order': disorder,
      'all are done in the inbox': this.notDone(),
    };
  }

  async close(): Promise<void> {
    await this.kill();
    await this.producer.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private effects(): { event: string; subject: string | null }[] {
    return this.read('SELECT event, subject FROM effects ORDER BY rowid') as {
      event: string;
      subject: string | null;
    }[];
  }

  private open(): number {
    const [row] = this.read(`SELECT count(*) AS n FROM signpost_inbox WHERE state <> 'done'`) as { n: number }[];
    return row?.n ?? 0;
  }

  private notDone(): string[] {
    const rows = this.read(`SELECT event_id AS id, state FROM signpost_inbox WHERE state <> 'done'`);
    return (rows as { id: string; state: string }[]).map(({ id, state }) => `${id} is ${state}`);
  }

  /** Read while the other process writes: WAL lets both. */
  private read(sql: string): unknown[] {
    if (!existsSync(this.database)) return [];
    const db = new Database(this.database, { readonly: true });
    try {
      return db.prepare(sql).all();
    } catch {
      // Killed before the tables were made.
      return [];
    } finally {
      db.close();
    }
  }
}
