import { Logger } from '@nestjs/common';
import type { InboxStore } from './inbox-store.js';

const BATCH = 1_000;
const HOUR = 3_600_000;

/** Removes what was handled or discarded long ago, in small steps, at the start and once an hour. */
export class InboxRetention {
  private readonly logger = new Logger('SignpostReceiver');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> | undefined;
  private stopping = false;

  constructor(
    private readonly store: Pick<InboxStore, 'prune'>,
    private readonly producer: string,
    private readonly retentionMs: number,
    private readonly everyMs = HOUR,
  ) {}

  start(): void {
    this.stopping = false;
    const pass = () => {
      this.running ??= this.runOnce()
        .catch((error: unknown) => this.logger.warn(`The inbox could not be pruned: ${String(error)}`))
        .finally(() => (this.running = undefined));
    };
    this.timer ??= setInterval(pass, this.everyMs).unref();
    pass();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** Removes all that is past its time; returns how many entries. */
  async runOnce(): Promise<number> {
    let removed = 0;
    for (let last = BATCH; last > 0 && !this.stopping; removed += last) {
      last = await this.store.prune(this.producer, this.retentionMs, BATCH);
    }
    return removed;
  }
}
