import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../../support/until.js';
import type { Fleet } from './fleet.js';

/** One in this many transactions is rolled back. */
const ROLLED_BACK = 4;

export interface LoadSettings {
  /** Callers at the same time, each with one publication after the other. */
  publishers?: number;
  /** Of the same, in transactions of the application. */
  transactions?: number;
  /** Pause of a caller between two publications; leaves the machine to the nodes. */
  pauseMs?: number;
  /** Ends by itself after so many publications. */
  most?: number;
  /** Begins its keys; two loads on one installation need two. */
  name?: string;
}

/** Publishes in both ways at once, and reads, until it is ended; tries again whatever a fault left without an answer. */
export class FleetLoad {
  /** What each caller has published, in its order: it began one thing after the other was acknowledged. */
  readonly sequences: string[][] = [];
  private ending = false;
  private begun = 0;
  private readonly writers: Promise<void>[] = [];
  private readonly reader: Promise<void>;

  constructor(
    private readonly fleet: Fleet,
    private readonly settings: LoadSettings = {},
  ) {
    const { publishers = 3, transactions = 2, name = 'load' } = settings;
    for (let n = 1; n <= publishers; n += 1)
      this.writers.push(this.write(`${name}-single-${n}`, (key) => fleet.publish(key)));
    for (let n = 1; n <= transactions; n += 1) this.writers.push(this.order(`${name}-order-${n}`));
    this.reader = this.read();
  }

  /** Resolves when everything that was begun has its answer; there must be a node to give it. */
  async end(): Promise<void> {
    this.ending = true;
    await this.done();
  }

  /** Resolves when `most` is reached. */
  async done(): Promise<void> {
    await Promise.all(this.writers);
    this.ending = true;
    await this.reader;
  }

  private async write(name: string, attempt: (key: string) => Promise<boolean>): Promise<void> {
    const { pauseMs = 20, most = Number.POSITIVE_INFINITY } = this.settings;
    const sequence: string[] = [];
    this.sequences.push(sequence);
    for (let n = 1; !this.ending && this.begun < most; n += 1) {
      this.begun += 1;
      const key = `${name}-${n}`;
      await until(() => attempt(key), `an answer for ${key}`, 60_000);
      sequence.push(key);
      if (pauseMs > 0) await pause(pauseMs);
    }
  }

  private order(name: string): Promise<void> {
    let n = 0;
    return this.write(name, async (key) => {
      n += 1;
      if (n % ROLLED_BACK === 0) await until(() => this.fleet.order(`${key}-undone`, 'rollback'), 'an answer', 60_000);
      return this.fleet.order(key, 'commit');
    });
  }

  private async read(): Promise<void> {
    while (!this.ending) {
      await this.fleet.follower.page();
      await pause(this.settings.pauseMs ?? 20);
    }
  }
}
