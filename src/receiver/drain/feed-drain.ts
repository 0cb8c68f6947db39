import { Logger } from '@nestjs/common';
import { Sleeper } from '../../loop/sleeper.js';
import { CursorExpiredError, SignpostClientError } from '../client/errors.js';
import type { InboxStore, Lane, PageStored } from '../inbox/inbox-store.js';
import type { HandlingOrder } from '../receiver-options.js';
import { DrainLease, type DrainLeaseSettings } from './drain-lease.js';
import type { DrainSource, FeedPage } from './drain-source.js';
import { fetchedEvents } from './fetched-events.js';

export interface DrainSettings extends DrainLeaseSettings {
  intervalMs: number;
  pageSize: number;
  whenExpired: 'stop' | 'oldest';
  start: 'oldest' | 'now';
  order: HandlingOrder;
  random: () => number;
}

/**
 * - `drained`: the feed was read to its end;
 * - `busy`: another node drains now;
 * - `expired`: the stored cursor fell out of the producer's retention, and somebody must decide.
 */
export type DrainOutcome = { outcome: 'drained'; fresh: number } | { outcome: 'busy' } | { outcome: 'expired' };

const BUSY_PAUSE_MS = 250;
/**
 * While a page is being stored the next one is on its way already, asked for without acknowledging what is not stored yet. So many may
 * follow each other before a request that acknowledges.
 */
const UNACKNOWLEDGED_PAGES = 10;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Reads the feed from the stored cursor until it is empty, page by page into the inbox: on a signal, at start, on a timer. So a signal
 * that never arrives costs time, and no event. Four verbs: `start`, `stop`, `notify`, `runOnce`.
 */
export class FeedDrain {
  private readonly logger = new Logger('SignpostReceiver');
  private readonly idle = new Sleeper();
  /** Not ended by signals: they must not turn into requests while the producer asks to be left alone. */
  private readonly pause = new Sleeper();
  private loop: Promise<void> | undefined;
  private current: Promise<DrainOutcome> | undefined;
  private lease: DrainLease | undefined;
  private stopping = false;
  private expired = false;
  private lastFailure: unknown;

  constructor(
    private readonly source: DrainSource,
    private readonly store: InboxStore,
    /** Called after each commit with what it brought. */
    private readonly stored: (lanes: readonly Lane[]) => void,
    private readonly settings: DrainSettings,
  ) {}

  /** `ok`, `failing` with the last error, or `expired`: no event comes in until somebody decides. */
  get status(): { state: 'ok' | 'failing' | 'expired'; error: unknown } {
    if (this.expired) return { state: 'expired', error: this.lastFailure };
    return { state: this.lastFailure === undefined ? 'ok' : 'failing', error: this.lastFailure };
  }

  /** Starts the loop, beginning with a drain; does nothing if it runs. */
  start(): void {
    if (this.loop) return;
    this.stopping = false;
    this.loop = this.work();
  }

  /** Something may be there. Cheap; a call during a drain makes it look once more afterwards. */
  readonly notify = (): void => {
    // Only the timer asks an expired cursor again: a signal changes nothing about it.
    if (!this.expired) this.idle.wake();
  };

  /** Breaks off the request that is under way; a page that is being stored is stored. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.lease?.abort();
    this.idle.wake();
    this.pause.wake();
    await this.loop;
    this.loop = undefined;
    await this.current?.catch(() => undefined);
  }

  /** Drains now; joins the drain that is under way. Rejects with the client's or the database's error. */
  runOnce(): Promise<DrainOutcome> {
    this.current ??= this.drain().finally(() => (this.current = undefined));
    return this.current;
  }

  /** Goes on from the oldest event that there is, though some were missed. What the policy `oldest` does by itself. */
  async continueFromOldest(): Promise<void> {
    // Again where another node stored meanwhile: its place may be a good one.
    while ((await this.skipGap()) === 'moved');
    this.expired = false;
    this.idle.wake();
  }

  private async skipGap(): Promise<'ok' | PageStored['outcome']> {
    const { producer } = this.settings;
    const after = await this.store.cursor(producer);
    try {
      await this.source.page(after === null ? { limit: 1, ack: false } : { after, limit: 1, ack: false });
      return 'ok';
    } catch (error) {
      if (!(error instanceof CursorExpiredError)) throw error;
      const { outcome } = await this.store.storePage(producer, { after, cursor: error.oldest, events: [] });
      return outcome;
    }
  }

  private async work(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        const { outcome } = await this.runOnce();
        failures = 0;
        // Whoever drains now may have read its last page before the event that we were woken for.
        await (outcome === 'busy' ? this.pause.sleep(BUSY_PAUSE_MS) : this.idle.sleep(this.interval()));
      } catch (error) {
        if (this.stopping) return;
        failures += 1;
        this.failed(error);
        await this.pause.sleep(this.pauseAfter(error, failures));
      }
    }
  }

  private async drain(): Promise<DrainOutcome> {
    const lease = await DrainLease.acquire(this.store, this.settings);
    if (!lease) return { outcome: 'busy' };
    this.lease = lease;
    if (this.stopping) lease.abort();
    try {
      const result = await this.pages(lease.signal);
      this.succeeded(result.outcome);
      return result;
    } catch (error) {
      // Whoever has the feed now goes on from what is stored.
      if (lease.isLost) return { outcome: 'busy' };
      throw error;
    } finally {
      this.lease = undefined;
      await lease.release();
    }
  }

  private async pages(signal: AbortSignal): Promise<DrainOutcome> {
    const { producer } = this.settings;
    let fresh = 0;
    let ahead = 0;
    let after = await this.store.cursor(producer);
    let page = await this.page(after, signal);
    for (;;) {
      if (!page) return { outcome: 'expired' };
      ahead = page.more && ahead < UNACKNOWLEDGED_PAGES ? ahead + 1 : 0;
      const next = ahead > 0 ? this.page(page.cursor, signal, { ack: false }) : undefined;
      // Awaited below, unless storing this one fails; then nobody wants it any more.
      next?.catch(() => undefined);
      const stored = await this.storePage(after, page);
      fresh += stored.fresh;
      // The page that is empty is the request that acknowledged the one before it.
      if (page.events.length === 0 && !page.more) return { outcome: 'drained', fresh };
      const isNext = stored.cursor === page.cursor;
      after = stored.cursor;
      signal.throwIfAborted();
      page = await (next && isNext ? next : this.page(after, signal));
    }
  }

  /** Where to go on, and how many events were new. */
  private async storePage(after: string | null, page: FeedPage): Promise<{ cursor: string | null; fresh: number }> {
    const { producer, order } = this.settings;
    if (page.cursor === after) return { cursor: after, fresh: 0 };
    const events = fetchedEvents(page.events, order);
    const result = await this.store.storePage(producer, { after, cursor: page.cursor, events });
    // Another node was faster; its place is as good as ours.
    if (result.outcome === 'moved') return { cursor: await this.store.cursor(producer), fresh: 0 };
    if (result.fresh > 0) this.stored(events.map(({ lane }) => lane));
    return { cursor: page.cursor, fresh: result.fresh };
  }

  /** undefined: the cursor is expired, and the policy is to stop. */
  private async page(after: string | null, signal: AbortSignal, { ack = true } = {}): Promise<FeedPage | undefined> {
    const { pageSize, start, whenExpired } = this.settings;
    const from = after ?? (start === 'now' ? 'now' : undefined);
    try {
      return await this.source.page({ ...(from === undefined ? {} : { after: from }), limit: pageSize, ack, signal });
    } catch (error) {
      if (!(error instanceof CursorExpiredError)) throw error;
      const gap = await this.gap(error);
      if (whenExpired === 'oldest') {
        this.logger.error(`${gap} Going on from there (whenExpired: 'oldest').`);
        return { events: [], cursor: error.oldest, more: true };
      }
      this.lastFailure = error;
      this.logger.error(
        `${gap} Nothing is fetched until somebody decides: find out what was missed, then call ` +
          `SignpostReceiver.continueFromOldest(), or set drain: { whenExpired: 'oldest' }.`,
      );
      return undefined;
    }
  }

  /** What is lost, as far as it can be told: cursors say nothing about time, the events on both sides of the gap do. */
  private async gap({ oldest }: CursorExpiredError): Promise<string> {
    const { producer } = this.settings;
    const last = await this.store.newest(producer);
    const ahead = await this.source.page({ after: oldest, limit: 1, ack: false }).catch(() => undefined);
    const first = ahead?.events[0];
    const from = last
      ? `after ${last.id}, recorded at ${new Date(last.recordedAt).toISOString()},`
      : 'from the beginning';
    const to = first ? `before ${first.id}, recorded at ${first.recordedAt}` : 'up to now';
    return `Events of ${producer} were missed: this receiver was away for longer than the producer keeps them. What came ${from} and ${to} is gone.`;
  }

  private succeeded(outcome: DrainOutcome['outcome']): void {
    this.expired = outcome === 'expired';
    if (this.expired) return;
    if (this.lastFailure !== undefined) this.logger.log(`The feed of ${this.settings.producer} is read again`);
    this.lastFailure = undefined;
  }

  /** Said once; that it goes on is no news. */
  private failed(error: unknown): void {
    const known = this.lastFailure !== undefined && textOf(this.lastFailure) === textOf(error);
    this.lastFailure = error;
    if (!known) this.logger.warn(`The feed of ${this.settings.producer} cannot be read: ${textOf(error)}`);
  }

  private interval(): number {
    // Spread out, so that receivers that started together do not ask together.
    return this.settings.intervalMs * (0.9 + 0.2 * this.settings.random());
  }

  private pauseAfter(error: unknown, failures: number): number {
    const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    const asked = error instanceof SignpostClientError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(backoff * (0.5 + 0.5 * this.settings.random()), asked);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
