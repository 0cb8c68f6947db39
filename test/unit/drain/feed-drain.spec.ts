import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CursorExpiredError, RateLimitedError, UnavailableError } from '../../../src/receiver/client/errors.js';
import { FeedDrain, type DrainSettings } from '../../../src/receiver/drain/feed-drain.js';
import type { DrainSource, FeedPage } from '../../../src/receiver/drain/drain-source.js';
import type { FetchedPage, Lane, PageStored } from '../../../src/receiver/inbox/inbox-store.js';
import type { EventView } from '../../../src/protocol/event.js';
import { until } from '../../support/until.js';

/** The part of a store that a drain uses, in memory. */
class MemoryInbox {
  place: string | null = null;
  leasedTo: string | undefined;
  pages: FetchedPage[] = [];
  /** Called before a page is stored: another node may be faster. */
  before: () => void = () => undefined;

  cursor = (): Promise<string | null> => Promise.resolve(this.place);

  /** How often the lease was asked for. */
  acquired = 0;
  acquireDrain = (_: string, owner: string): Promise<boolean> => {
    this.acquired += 1;
    if (this.leasedTo !== undefined && this.leasedTo !== owner) return Promise.resolve(false);
    this.leasedTo = owner;
    return Promise.resolve(true);
  };

  newest = (): Promise<null> => Promise.resolve(null);

  releaseDrain = (_: string, owner: string): Promise<void> => {
    if (this.leasedTo === owner) this.leasedTo = undefined;
    return Promise.resolve();
  };

  storePage = (_: string, page: FetchedPage): Promise<PageStored> => {
    this.before();
    if (page.after !== this.place) return Promise.resolve({ outcome: 'moved' });
    this.place = page.cursor;
    this.pages.push(page);
    return Promise.resolve({ outcome: 'stored', fresh: page.events.length, repeated: 0 });
  };

  get ids(): string[] {
    return this.pages.flatMap(({ events }) => events.map(({ id }) => id));
  }
}

/** A log whose cursors are `c1`, `c2`, …: the place behind the first, the second event. */
class MemoryFeed {
  readonly asked: (string | undefined)[] = [];
  /** What was acknowledged, by asking for what follows. */
  readonly acked: (string | undefined)[] = [];
  readonly log: string[] = [];
  oldest = 0;
  /** What the next requests reject with. */
  failures: unknown[] = [];

  /** Held up, the next request waits until it is aborted. */
  holding = false;
  readonly aborted: unknown[] = [];

  page = ({ after, limit = 100, ack = true, signal }: Parameters<DrainSource['page']>[0]): Promise<FeedPage> => {
    this.asked.push(after);
    if (this.holding) {
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => {
          this.aborted.push(after);
          reject(signal.reason as Error);
        }),
      );
    }
    if (ack && after !== undefined) this.acked.push(after);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure as Error);
    const from = after === 'now' ? this.log.length : after === undefined ? this.oldest : Number(after.slice(1));
    if (from < this.oldest) return Promise.reject(expired(`c${this.oldest}`));
    const to = Math.min(from + limit, this.log.length);
    return Promise.resolve({
      events: this.log.slice(from, to).map((id, index) => event(id, `c${from + index + 1}`)),
      cursor: `c${to}`,
      more: to < this.log.length,
    });
  };
}

const expired = (oldest: string): CursorExpiredError => new CursorExpiredError(oldest, 'too old', { status: 410 });

const event = (id: string, cursor: string) =>
  ({
    id,
    type: 'a.b',
    tenant: 't',
    subject: id.slice(0, 1),
    occurredAt: '2026-11-24T10:00:00.000Z',
    recordedAt: '2026-11-24T10:00:00.000Z',
    cursor,
    data: { id },
  }) as unknown as EventView;

const SETTINGS: DrainSettings = {
  producer: 'default',
  owner: 'node-1',
  leaseMs: 30_000,
  intervalMs: 3_600_000,
  pageSize: 2,
  whenExpired: 'stop',
  start: 'oldest',
  order: 'subject',
  random: () => 0,
};

describe('the drain', () => {
  let drain: FeedDrain | undefined;
  const setUp = (settings: Partial<DrainSettings> = {}) => {
    const feed = new MemoryFeed();
    const inbox = new MemoryInbox();
    const lanes: Lane[] = [];
    drain = new FeedDrain(feed, inbox as never, (stored) => lanes.push(...stored), { ...SETTINGS, ...settings });
    return { feed, inbox, lanes, drain };
  };
  beforeAll(() => Logger.overrideLogger(false));
  afterEach(() => drain?.stop());

  it('pages until the feed is empty, and acknowledges the last page by asking behind it', async () => {
    const { feed, inbox, lanes, drain } = setUp();
    feed.log.push('a1', 'b1', 'a2');
    expect(await drain.runOnce()).toEqual({ outcome: 'drained', fresh: 3 });
    expect(inbox.ids).toEqual(['a1', 'b1', 'a2']);
    expect(inbox.place).toBe('c3');
    expect(feed.asked).toEqual([undefined, 'c2', 'c3']);
    expect(feed.acked).toEqual(['c3']);
    expect(lanes).toEqual(['a', 'b', 'a']);
  });

  it('asks for the next page while it stores one, and never acknowledges what is not stored', async () => {
    const { feed, inbox, drain } = setUp({ pageSize: 1 });
    for (let number = 1; number <= 30; number++) feed.log.push(`a${number}`);
    let early = 0;
    inbox.before = () => {
      const place = Number(inbox.place?.slice(1) ?? 0);
      if (Number(feed.asked.at(-1)?.slice(1)) > place) early += 1;
      for (const cursor of feed.acked) expect(Number(cursor?.slice(1))).toBeLessThanOrEqual(place);
    };
    await drain.runOnce();
    expect(early).toBeGreaterThan(20);
    // Now and then on the way, and at the end.
    expect(feed.acked.length).toBeGreaterThanOrEqual(3);
    expect(feed.acked.at(-1)).toBe('c30');
    expect(inbox.ids).toHaveLength(30);
  });

  it('begins at the stored cursor, not at what a signal says', async () => {
    const { feed, inbox, drain } = setUp();
    feed.log.push('a1', 'a2', 'a3');
    inbox.place = 'c2';
    await drain.runOnce();
    expect(inbox.ids).toEqual(['a3']);
  });

  it('can begin at the end of the log', async () => {
    const { feed, inbox, drain } = setUp({ start: 'now' });
    feed.log.push('a1');
    await drain.runOnce();
    expect(inbox.place).toBe('c1');
    feed.log.push('a2');
    await drain.runOnce();
    expect(inbox.ids).toEqual(['a2']);
  });

  it('leaves the feed to another node that drains', async () => {
    const { inbox, feed, drain } = setUp();
    inbox.leasedTo = 'node-2';
    expect(await drain.runOnce()).toEqual({ outcome: 'busy' });
    expect(feed.asked).toEqual([]);
    expect(inbox.leasedTo).toBe('node-2');
  });

  it('keeps the feed while a page takes longer than its lease, and lets go of it for good', async () => {
    const { inbox, feed, drain } = setUp({ leaseMs: 15 });
    feed.holding = true;
    const drained = drain.runOnce();
    await until(() => inbox.acquired >= 5, 'several renewals');
    await drain.stop();
    await expect(drained).rejects.toThrow();
    expect(inbox.leasedTo).toBeUndefined();
    const { acquired } = inbox;
    feed.holding = false;
    await new FeedDrain(feed, inbox as never, () => undefined, SETTINGS).runOnce();
    expect(inbox.acquired).toBe(acquired + 1);
  });

  it('stops when another node has taken the feed, and breaks off what it asked for', async () => {
    const { inbox, feed, drain } = setUp({ leaseMs: 15, pageSize: 1 });
    feed.log.push('a1', 'a2', 'a3');
    inbox.before = () => {
      feed.holding = true;
      inbox.leasedTo = 'node-2';
    };
    expect(await drain.runOnce()).toEqual({ outcome: 'busy' });
    // The second page was here already.
    expect(inbox.ids).toEqual(['a1', 'a2']);
    expect(feed.aborted).toEqual(['c2']);
    expect(inbox.leasedTo).toBe('node-2');
  });

  it('lets go of its lease after a failure as well', async () => {
    const { inbox, feed, drain } = setUp();
    feed.failures.push(new Error('gone'));
    await expect(drain.runOnce()).rejects.toThrow('gone');
    expect(inbox.leasedTo).toBeUndefined();
  });

  it('goes on from where a faster node has stored to', async () => {
    const { inbox, feed, drain } = setUp();
    feed.log.push('a1', 'a2', 'a3');
    inbox.before = () => {
      inbox.place = 'c2';
      inbox.before = () => undefined;
    };
    await drain.runOnce();
    expect(inbox.ids).toEqual(['a3']);
  });

  it('drains once for calls that come together', async () => {
    const { feed, drain } = setUp();
    await Promise.all([drain.runOnce(), drain.runOnce(), drain.runOnce()]);
    expect(feed.asked).toHaveLength(1);
  });

  it('is woken by a signal, and looks once more when one comes during a drain', async () => {
    const { feed, inbox, drain } = setUp();
    drain.start();
    await until(() => feed.asked.length >= 1, 'the drain at the start');
    feed.log.push('a1');
    drain.notify();
    await until(() => inbox.ids.length === 1, 'the event');
    inbox.before = () => {
      feed.log.push('a3');
      drain.notify();
      inbox.before = () => undefined;
    };
    feed.log.push('a2');
    drain.notify();
    await until(() => inbox.ids.includes('a3'), 'the event that came meanwhile');
  });

  it('comes back by itself when the producer does, and not before it asked to', async () => {
    const { feed, inbox, drain } = setUp();
    feed.log.push('a1');
    feed.failures.push(new UnavailableError('network', 'down'), new RateLimitedError('slow', { retryAfterMs: 20 }));
    drain.start();
    await until(() => inbox.ids.length === 1, 'the event', 10_000);
    expect(drain.status).toEqual({ state: 'ok', error: undefined });
  });

  it('stops at an expired cursor until somebody decides, and fetches nothing on signals', async () => {
    const { feed, inbox, drain } = setUp();
    feed.log.push('a1', 'a2', 'a3');
    inbox.place = 'c0';
    feed.oldest = 2;
    drain.start();
    await until(() => drain.status.state === 'expired', 'the expired cursor');
    const asked = feed.asked.length;
    drain.notify();
    expect(feed.asked).toHaveLength(asked);
    expect(inbox.place).toBe('c0');
    await drain.continueFromOldest();
    await until(() => inbox.ids.length === 1, 'the oldest event');
    expect(inbox.ids).toEqual(['a3']);
    await until(() => drain.status.state === 'ok', 'the drain to be well');
  });

  it('goes on from the oldest event though another node stores at the same moment', async () => {
    const { feed, inbox, drain } = setUp();
    feed.log.push('a1', 'a2', 'a3', 'a4');
    inbox.place = 'c0';
    feed.oldest = 2;
    inbox.before = () => {
      inbox.place = 'c1';
      inbox.before = () => undefined;
    };
    await drain.continueFromOldest();
    expect(inbox.place).toBe('c2');
  });

  it('goes on from the oldest event by itself where that is the policy', async () => {
    const { feed, inbox, drain } = setUp({ whenExpired: 'oldest' });
    feed.log.push('a1', 'a2', 'a3');
    inbox.place = 'c0';
    feed.oldest = 2;
    expect(await drain.runOnce()).toMatchObject({ outcome: 'drained', fresh: 1 });
    expect(inbox.ids).toEqual(['a3']);
  });

  it.each([
    ['subject', ['a', 'b', 'a']],
    ['all', ['', '', '']],
    ['none', [null, null, null]],
  ] as const)('puts events in lanes by the order %s', async (order, expected) => {
    const { feed, inbox, drain } = setUp({ order, pageSize: 10 });
    feed.log.push('a1', 'b1', 'a2');
    await drain.runOnce();
    expect(inbox.pages[0]?.events.map(({ lane }) => lane)).toEqual(expected);
  });
});
