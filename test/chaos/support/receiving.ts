import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../package/readme-project.js';
import { type ProducerApp, startProducer } from '../../support/producer-app.js';
import { publish, subscribe, type Subscribed } from '../../support/subscribed.js';
import { until } from '../../support/until.js';
import { Child } from './child.js';
import type { ReceiverDatabase } from './receiver-databases.js';

export interface Fault {
  point: string;
  nth: number;
  /** What befalls the process there. Default: SIGKILL. */
  signal?: 'SIGKILL' | 'SIGSTOP';
}

const SUBJECTS = 5;

/** A producer that stays, a receiver that is killed, and what each of them holds to be true. */
export class Receiving {
  /** In commit order. */
  readonly published: { id: string; subject: string | null }[] = [];
  private child: Child | undefined;
  private readonly others: Child[] = [];

  private constructor(
    readonly producer: ProducerApp,
    private readonly access: Subscribed,
    private readonly directory: string,
    private readonly database: ReceiverDatabase,
    private readonly port: number,
  ) {}

  /** @param database given a directory of the receiver's own */
  static async create(
    database: (directory: string) => ReceiverDatabase | Promise<ReceiverDatabase>,
  ): Promise<Receiving> {
    const producer = await startProducer('fastify', {
      dispatch: { retrySchedule: [50, 100, 200, 500], confirmSchedule: [2_000], pollIntervalMs: 100 },
    });
    const port = await freePort();
    const access = await subscribe(producer, `http://127.0.0.1:${port}/signals`);
    const directory = await mkdtemp(join(tmpdir(), 'signpost-receiving-'));
    return new Receiving(producer, access, directory, await database(directory), port);
  }

  /** Starts a receiver process, the one that gets the signals; resolves when it listens, unless it dies before. */
  async start(fault?: Fault): Promise<void> {
    this.child = new Child('receiver-host.js');
    await this.startNode(this.child, this.port, fault);
  }

  /** Starts a node beside it, to which no signal goes. */
  async startAnother(): Promise<void> {
    const child = new Child('receiver-host.js');
    this.others.push(child);
    await this.startNode(child, 0);
  }

  async killOthers(): Promise<void> {
    await Promise.all(this.others.splice(0).map((child) => child.kill()));
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

  resume(): void {
    this.child?.resume();
  }

  get output(): string {
    return this.child?.output ?? '';
  }

  /** Answers the events' ids. */
  async publish(count: number): Promise<string[]> {
    const from = this.published.length;
    for (let at = 0; at < count; at++) {
      const number = this.published.length;
      // Every sixth has no subject, and so no order.
      const subject = number % 6 === 5 ? null : `s${number % SUBJECTS}`;
      const event = { type: 'order.placed', data: { number }, ...(subject === null ? {} : { subject }) };
      this.published.push({ id: (await publish(this.producer, event)).id, subject });
    }
    return this.published.slice(from).map(({ id }) => id);
  }

  /** Where the process died or stood still, as it said itself, and the event that it had in hand, if it was one. */
  async lastWords(): Promise<{ point: string; inHand: { event?: string } } | undefined> {
    if (!existsSync(this.lastWordsFile)) return undefined;
    return JSON.parse(await readFile(this.lastWordsFile, 'utf8')) as { point: string; inHand: { event?: string } };
  }

  /** Whether an event has had its effect, as far as others can see. */
  async hasEffect(event: string): Promise<boolean> {
    return (await this.effects()).some((effect) => effect.event === event);
  }

  /** Whether whoever claimed the event has not renewed the claim in time; on PostgreSQL. */
  async isLeaseOver(event: string): Promise<boolean> {
    const now = 'extract(epoch FROM statement_timestamp()) * 1000';
    const rows = await this.database.read(
      `SELECT 1 FROM signpost_inbox WHERE event_id = '${event}' AND claimed_by IS NOT NULL AND due_at < ${now}`,
    );
    return rows.length > 0;
  }

  /** Until every event has had its effect. What is missing then is for `broken`. */
  async settle(): Promise<void> {
    const all = async () =>
      new Set((await this.effects()).map(({ event }) => event)).size >= this.published.length &&
      (await this.notDone()).length === 0;
    await until(all, 'every effect', 30_000).catch(() => undefined);
  }

  /** What of the promises does not hold; all lists are empty when all is well. */
  async broken(): Promise<Record<string, string[]>> {
    const effects = await this.effects();
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
      'all are done in the inbox': await this.notDone(),
    };
  }

  async close(): Promise<void> {
    await this.kill();
    await this.killOthers();
    await this.producer.close();
    await this.database.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async startNode(child: Child, port: number, fault?: Fault): Promise<void> {
    await child.told('loaded');
    // Nobody waits for the drain's lease here; it is longer than a handler's.
    await this.database.endDrainLease();
    const { apiKey, secret } = this.access;
    const { options: database } = this.database;
    const producer = { url: this.producer.url, apiKey };
    const settings = { database, producer, secret, port, lastWords: this.lastWordsFile };
    child.send({ start: { ...settings, ...(fault ? { fault } : {}) } });
    await Promise.race([child.told('url'), child.end]);
  }

  private get lastWordsFile(): string {
    return join(this.directory, 'last-words');
  }

  private effects(): Promise<{ event: string; subject: string | null }[]> {
    return this.database.read('SELECT event, subject FROM effects ORDER BY place');
  }

  private async notDone(): Promise<string[]> {
    const rows = await this.database.read<{ id: string; state: string }>(
      `SELECT event_id AS id, state FROM signpost_inbox WHERE state <> 'done'`,
    );
    return rows.map(({ id, state }) => `${id} is ${state}`);
  }
}
