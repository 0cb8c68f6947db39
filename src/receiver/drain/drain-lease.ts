import type { InboxStore } from '../inbox/inbox-store.js';

export interface DrainLeaseSettings {
  producer: string;
  /** Who drains: unique per process and start. */
  owner: string;
  /** How long the feed of a node that died stays with it. Renewed three times in this time. */
  leaseMs: number;
}

/** One node's turn at the feed, renewed by itself for as long as it lasts, however long a page takes. */
export class DrainLease {
  private readonly ending = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private renewal: Promise<void> | undefined;
  private lost = false;

  /** undefined: another node has it. */
  static async acquire(
    store: Pick<InboxStore, 'acquireDrain' | 'releaseDrain'>,
    settings: DrainLeaseSettings,
  ): Promise<DrainLease | undefined> {
    const { producer, owner, leaseMs } = settings;
    return (await store.acquireDrain(producer, owner, leaseMs)) ? new DrainLease(store, settings) : undefined;
  }

  private constructor(
    private readonly store: Pick<InboxStore, 'acquireDrain' | 'releaseDrain'>,
    private readonly settings: DrainLeaseSettings,
  ) {
    const renew = () => (this.renewal ??= this.renew().finally(() => (this.renewal = undefined)));
    this.timer = setInterval(() => void renew(), settings.leaseMs / 3).unref();
  }

  /** Aborts when the turn ends, in whatever way. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** Whether another node has the feed now. */
  get isLost(): boolean {
    return this.lost;
  }

  /** Breaks off what is under way; the turn is still to be released. */
  abort(): void {
    this.ending.abort();
  }

  /** What cannot be released ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    this.abort();
    // One that came after the release would take the feed anew, for nobody.
    await this.renewal;
    await this.store.releaseDrain(this.settings.producer, this.settings.owner).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    const { producer, owner, leaseMs } = this.settings;
    // A database that does not answer may do so the next time; who stores a page finds out in any case.
    const kept = await this.store.acquireDrain(producer, owner, leaseMs).catch(() => true);
    if (kept) return;
    this.lost = true;
    this.abort();
  }
}
