import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { HandlingOrder } from '../../src/receiver/index.js';
import { INBOX_STORE } from '../../src/receiver/receiver-options.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { freePort } from '../package/readme-project.js';
import { type ReceiverApp, startReceiverApp } from './receiver-app.js';
import { until } from './until.js';

/** The instance is dead: whatever it still tries is refused, as if its process were gone. */
class Crash extends Error {}

/** Where it can be made to die. */
export const POINTS = [
  'acquireDrain after',
  'storePage before',
  'storePage after',
  'claim after',
  'handler',
  'markDone before',
  'markDone after',
  'transaction after',
  'settleFailure before',
  'settleFailure after',
] as const;
export type Point = (typeof POINTS)[number];

/** What happens to it next. */
export type Step =
  | { do: 'publish'; subjects: (string | undefined)[] }
  | { do: 'signal'; how: 'as it is' | 'dropped' | 'twice' | 'held' | 'repeated' }
  | { do: 'release'; order: 'in order' | 'reversed' }
  | { do: 'handlers fail'; times: number }
  | { do: 'crash'; at: Point; nth: number }
  | { do: 'restart' };

/** A receiver that can be made to die at a point, and the producer that it reads from. */
export class CrashingReceiver {
  readonly published: { id: string; subject: string | null }[] = [];
  /** Where it has died. */
  readonly deaths: Point[] = [];
  private armed: { at: Point; left: number } | undefined;
  private failures = 0;
  private dead = false;
  private app!: ReceiverApp;

  private constructor(
    readonly producer: FakeProducer,
    private readonly directory: string,
    private readonly port: number,
    private readonly secret: string,
    private readonly order: HandlingOrder,
    private readonly postgres: string | undefined,
  ) {}

  /** @param postgres URL of an empty database; otherwise it is SQLite */
  static async create(order: HandlingOrder, postgres?: string): Promise<CrashingReceiver> {
    const producer = await FakeProducer.start({ signals: 'manual' });
    const port = await freePort();
    const { secret } = producer.signalTo(`http://127.0.0.1:${port}/signals`);
    const directory = await mkdtemp(join(tmpdir(), 'signpost-once-'));
    const receiver = new CrashingReceiver(producer, directory, port, secret, order, postgres);
    await receiver.start();
    return receiver;
  }

  async take(action: Step): Promise<void> {
    if (this.dead) await this.restart();
    switch (action.do) {
      case 'publish':
        for (const event of await this.producer.publishAll(
          action.subjects.map((given) => ({ type: 'a.b', ...(given === undefined ? {} : { subject: given }) })),
        )) {
          this.published.push(event);
        }
        return;
      case 'signal':
        return this.signal(action.how);
      case 'release':
        return this.arriving(() => this.producer.signalFaults.release(action.order));
      case 'handlers fail':
        this.failures += action.times;
        return;
      case 'crash':
        this.armed = { at: action.at, left: action.nth };
        // Something to die over.
        await this.take({ do: 'publish', subjects: ['a', 'b', 'a', undefined] });
        return this.take({ do: 'signal', how: 'as it is' });
      case 'restart':
        return this.restart();
    }
  }

  /** No more faults: everything must come to its end. */
  async settle(): Promise<string[]> {
    this.armed = undefined;
    this.failures = 0;
    await this.restart();
    return this.app.effects();
  }

  async close(): Promise<void> {
    this.dead = true;
    await this.app.close();
    await this.producer.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async signal(how: Extract<Step, { do: 'signal' }>['how']): Promise<void> {
    const { producer } = this;

    if (how === 'dropped') producer.signalFaults.drop();
    if (how === 'twice') producer.signalFaults.duplicate();
    if (how === 'held') producer.signalFaults.hold();
    await this.arriving(() => (how === 'repeated' ? producer.repeatSignal() : producer.signal()));
  }

  /** Sends signals, and waits for what those that arrived have begun. */
  private async arriving(send: () => Promise<void>): Promise<void> {
    const before = this.producer.sentSignals.length;
    await send();
    if (this.producer.sentSignals.slice(before).some(({ status }) => status === 202)) await this.quiet();
  }

  private async restart(): Promise<void> {
    this.dead = true;
    await this.app.close();
    await this.endLeases();
    await this.start();
    await this.quiet();
  }

  /** On PostgreSQL a crash leaves them to their end; on SQLite the next start takes over. */
  private async endLeases(): Promise<void> {
    if (this.postgres === undefined) return;
    const client = new pg.Client({ connectionString: this.postgres });
    await client.connect();
    await client.query('UPDATE signpost_inbox SET due_at = 0 WHERE claimed_by IS NOT NULL');
    await client.query('UPDATE signpost_inbox_cursor SET drain_until = 0');
    await client.end();
  }

  /** What a signal or a start has begun runs to its end, or into a crash. */
  private async quiet(): Promise<void> {
    const ended = async () => {
      if (this.dead) return true;
      const { waiting, failed } = await this.app.inbox.counts();
      return this.producer.allAcked && waiting + failed === 0;
    };
    await until(ended, 'the receiver comes to rest');
  }

  private async start(): Promise<void> {
    this.dead = false;
    this.app = await startReceiverApp({
      port: this.port,
      ...(this.postgres === undefined
        ? { file: join(this.directory, 'receiver.db') }
        : { database: { type: 'postgres', url: this.postgres } }),
      producer: { url: this.producer.url, apiKey: this.producer.apiKey },
      signing: { secret: this.secret },
      drain: { pageSize: 3, intervalMs: 3_600_000 },
      handling: { order: this.order, concurrency: 3, retrySchedule: Array<number>(200).fill(1), pollIntervalMs: 50 },
      instrument: (parts) => this.instrument(parts),
    });
  }

  private instrument({ app, dataSource, handlers }: Pick<ReceiverApp, 'app' | 'dataSource' | 'handlers'>): void {
    const store = app.get<Record<string, (...given: unknown[]) => Promise<unknown>>>(INBOX_STORE, { strict: false });
    const instance = { dead: false };
    const pass = (point: string) => {
      if (this.dead || instance.dead) throw new Crash();
      if (this.armed?.at !== point || --this.armed.left > 0) return;
      this.deaths.push(this.armed.at);
      this.armed = undefined;
      this.dead = instance.dead = true;
      throw new Crash();
    };
    for (const name of [
      'acquireDrain',
      'releaseDrain',
      'cursor',
      'storePage',
      'claim',
      'markDone',
      'settleFailure',
      'renew',
      'sweep',
    ]) {
      const original = store[name]?.bind(store);
      store[name] = async (...given) => {
        pass(`${name} before`);
        const result = await original?.(...given);
        pass(`${name} after`);
        return result;
      };
    }
    const transaction = dataSource.transaction.bind(dataSource) as (...given: unknown[]) => Promise<unknown>;
    Object.assign(dataSource, {
      transaction: async (...given: unknown[]) => {
        const result = await transaction(...given);
        pass('transaction after');
        return result;
      },
    });
    handlers.before = () => {
      pass('handler');
      if (this.failures > 0) {
        this.failures -= 1;
        throw new Error('Not this time');
      }
    };
  }
}
