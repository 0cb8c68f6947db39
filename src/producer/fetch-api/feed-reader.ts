import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Entitlement, EventStore, Page, Position, StoredEvent } from '../log/event-store.js';
import { EVENT_STORE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { refuseForeign, refuseExpired, type FeedStart } from './feed-place.js';
import { LogWatcher } from './log-watcher.js';

export interface FeedWait {
  /** Whose log it is. */
  tenant: string;
  limit: number;
  /** Milliseconds to wait for a readable event; 0 does not wait. */
  waitMs: number;
  /** Aborted when the client is gone. */
  signal: AbortSignal;
  /** What the reader may read now: a credential that was revoked during the wait must not get the event that ends it. */
  entitlement(): Promise<Entitlement>;
}

/**
 * Pauses between looks that found nothing for this reader, in ms: the first wake-up is served at once, but in a log that is busy with
 * other tenants' events a waiting reader must not read once per commit.
 */
const PAUSE_STEP_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** Reads pages of the feed, and waits for the next event where a reader asks for that. */
@Injectable()
export class FeedReader implements OnModuleDestroy {
  private readonly now: () => number;
  private ending = false;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(LogWatcher) private readonly watcher: LogWatcher,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** The page at `start`. Throws `ProblemException` (`invalid_cursor`, `cursor_expired`). */
  async first(entitlement: Entitlement, start: FeedStart, limit: number): Promise<Page<StoredEvent>> {
    if (start === 'oldest') return this.store.readPage({ ...entitlement, after: 0, limit });
    if (start === 'now') {
      const { partition, head } = await this.store.bounds(entitlement.tenant);
      return { partition, events: [], through: head, more: false };
    }
    const page = await this.store.readPage({ ...entitlement, after: start.position, limit });
    // After reading: retention that moved on in between would otherwise leave a gap in the page that nobody is told of.
    const bounds = await this.store.bounds(entitlement.tenant);
    refuseForeign(start, bounds, '/after');
    refuseExpired(start.position, bounds);
    return page;
  }

  /** The first page behind an empty one that holds an event, or after the wait an empty one whose `through` says how far it looked. */
  async wait(
    empty: Page<StoredEvent>,
    { tenant, limit, waitMs, signal, entitlement }: FeedWait,
  ): Promise<Page<StoredEvent>> {
    const deadline = this.now() + waitMs;
    let page = empty;
    for (let looks = 0; page.events.length === 0; looks++) {
      const left = deadline - this.now();
      if (left <= 0 || signal.aborted || this.ending) break;
      // With more of the log behind it, only this stretch held nothing readable: go on looking without waiting.
      if (!page.more) await this.watcher.waitForAppend(tenant, page.through, left, signal);
      if (looks > 0) await rest(Math.min(looks * PAUSE_STEP_MS, LONGEST_PAUSE_MS, left), signal);
      if (signal.aborted) break;
      page = await this.next(await entitlement(), page.through, limit);
    }
    return page;
  }

  /** Waiting readers get their empty page now, so that the end of the application need not wait for them. */
  onModuleDestroy(): void {
    this.ending = true;
  }

  /** The page behind one that was read before. */
  next(entitlement: Entitlement, after: Position, limit: number): Promise<Page<StoredEvent>> {
    return this.store.readPage({ ...entitlement, after, limit });
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
