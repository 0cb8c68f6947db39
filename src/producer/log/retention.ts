import { Logger } from '@nestjs/common';
import type { EventStore } from './event-store.js';

export interface RetentionSettings {
  /** Payloads older than this are removed, in ms. */
  retentionMs: number;
  now: () => number;
}

/** Something else that ages: removes up to `limit` of what is older than its own time and answers how many. */
export type Pruner = (limit: number) => Promise<number>;

/** How often retention looks, in ms. */
const INTERVAL_MS = 60_000;
/** Rows of one batch: a few milliseconds of the connection, so that publishing hardly notices. */
const BATCH = 500;

/** Removes what is older than its time, in bounded batches, oldest first. */
export class Retention {
  private readonly logger = new Logger('Signpost');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly store: EventStore,
    private readonly settings: RetentionSettings,
    private readonly pruners: readonly Pruner[],
    /** Called after payloads were removed: whoever keeps copies drops them. */
    private readonly expired: () => void = () => undefined,
  ) {}

  start(): void {
    this.stopping = false;
    this.timer ??= setInterval(() => void this.tick(), INTERVAL_MS).unref();
    void this.tick();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** Batches until nothing is too old any more. */
  async runOnce(): Promise<{ expired: number; forgotten: number }> {
    const total = { expired: 0, forgotten: 0 };
    const { retentionMs, now } = this.settings;
    for (let more = true; more && !this.stopping;) {
      // Rows outlive their payloads by as long again, so that a late reader is told "expired" rather than "unknown".
      const batch = await this.store.prune(now() - retentionMs, now() - 2 * retentionMs, BATCH);
      total.expired += batch.expired;
      total.forgotten += batch.forgotten;
      more = batch.more;
      if (batch.expired > 0) this.expired();
    }
    for (const prune of this.pruners) {
      while (!this.stopping && (await prune(BATCH)) === BATCH);
    }
    return total;
  }

  private tick(): Promise<void> {
    this.running ??= this.runOnce()
      .then(
        () => undefined,
        (error: unknown) =>
          this.logger.warn(`Retention tries again: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }
}
