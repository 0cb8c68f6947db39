import { setImmediate } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { Reply } from './request.js';
import type { Ending, World } from './world.js';

/** Publishes in every way at once, and reads, until it is ended; tries again whatever a crash left without an answer. */
export class Load {
  private ending = false;
  private readonly workers: Promise<void>[];

  constructor(
    private readonly world: World,
    private readonly random: () => number,
  ) {
    this.workers = [
      this.repeat((n) => this.insist(() => world.publish(`single-${n}`))),
      this.repeat((n) => this.insist(() => world.publishBatch(`batch-${n}`))),
      // Two, so that their transactions overlap.
      this.repeat((n) => this.order(`a-${n}`)),
      this.repeat((n) => this.order(`b-${n}`)),
      this.repeat(() => this.insist(() => world.follower.page())),
    ];
  }

  /** Resolves when everything that was begun has its answer; there must be a producer to give it. */
  async end(): Promise<void> {
    this.ending = true;
    await Promise.all(this.workers);
  }

  private async repeat(work: (n: number) => Promise<void>): Promise<void> {
    for (let n = 1; !this.ending; n += 1) {
      await work(n);
      await setImmediate();
    }
  }

  private async order(id: string): Promise<void> {
    const chance = this.random();
    const ending: Ending = chance < 0.5 ? 'commit' : chance < 0.8 ? 'rollback' : 'savepoint';
    await this.insist(() => this.world.order(id, ending));
  }

  private async insist(attempt: () => Promise<Reply | object | undefined>): Promise<void> {
    while (!(await attempt())) await until(() => this.world.producer.baseUrl, 'a producer that serves', 60_000);
  }
}
