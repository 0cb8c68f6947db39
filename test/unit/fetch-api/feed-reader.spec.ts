import { describe, expect, it } from '@jest/globals';
import { ProblemException } from '../../../src/http/problem-exception.js';
import { decodeCursor } from '../../../src/protocol/cursor.js';
import type { EventStore, LogBounds, Page, PageRequest, StoredEvent } from '../../../src/producer/log/event-store.js';
import { FeedReader } from '../../../src/producer/fetch-api/feed-reader.js';
import { LogWatcher } from '../../../src/producer/fetch-api/log-watcher.js';

const ENTITLEMENT = { tenant: 'acme', types: [['*']] };

/** A log in memory whose every tenth event is readable, and a watcher that runs a step of the test's script per wait. */
function harness(script: (() => void)[] = []) {
  const log = { head: 0, oldest: 0, readable: new Set<number>(), scan: 1_000, reads: 0, now: 0, waits: 0 };
  const store = {
    bounds: async (): Promise<LogBounds> => ({ partition: 0, head: log.head, oldest: log.oldest }),
    readPage: async ({ after, limit }: PageRequest): Promise<Page<StoredEvent>> => {
      log.reads++;
      const from = Math.max(after, log.oldest);
      const end = Math.min(log.head, from + log.scan);
      const found = [...log.readable].filter((position) => position > from && position <= end).slice(0, limit);
      const through = found.length === limit ? (found.at(-1) ?? end) : Math.max(end, from);
      const events = found.map((position) => ({ position }) as StoredEvent);
      return { partition: 0, events, through, more: through < log.head };
    },
  } as unknown as EventStore;
  const watcher = new (class extends LogWatcher {
    async waitForAppend(_tenant: string, _after: number, timeoutMs: number): Promise<void> {
      log.waits++;
      const step = script.shift();
      if (step) step();
      else log.now += timeoutMs;
    }
  })();
  const reader = new FeedReader(store, watcher, { now: () => log.now });
  const wait = (page: Page<StoredEvent>, waitMs: number, signal = new AbortController().signal) =>
    reader.wait(page, { tenant: 'acme', limit: 10, waitMs, signal, entitlement: async () => ENTITLEMENT });
  return { log, reader, wait };
}

const EMPTY: Page<StoredEvent> = { partition: 0, events: [], through: 0, more: false };

describe('a long poll', () => {
  it('ends with the first readable event', async () => {
    const { log, wait } = harness([
      () => {
        log.head = 5;
        log.readable.add(5);
      },
    ]);
    expect((await wait(EMPTY, 30_000)).events.map(({ position }) => position)).toEqual([5]);
    expect(log.now).toBe(0);
  });

  it('ends with an empty page that has moved past what was not readable', async () => {
    const { log, wait } = harness([() => (log.head = 5)]);
    expect(await wait(EMPTY, 30_000)).toEqual({ partition: 0, events: [], through: 5, more: false });
    expect(log.now).toBe(30_000);
  });

  it('goes on through a long unreadable stretch without waiting for an append', async () => {
    const { log, wait } = harness();
    Object.assign(log, { head: 5_000, scan: 1_000 });
    log.readable.add(4_500);
    const page = await wait({ partition: 0, events: [], through: 0, more: true }, 30_000);
    expect(page.events.map(({ position }) => position)).toEqual([4_500]);
    expect(log.waits).toBe(0);
  });

  it('does not wait where none was asked for', async () => {
    const { log, wait } = harness();
    expect(await wait(EMPTY, 0)).toBe(EMPTY);
    expect([log.reads, log.waits]).toEqual([0, 0]);
  });

  it('stops looking when the client is gone', async () => {
    const gone = new AbortController();
    const { log, wait } = harness([() => gone.abort()]);
    expect(await wait(EMPTY, 30_000, gone.signal)).toBe(EMPTY);
    expect(log.reads).toBe(0);
  });

  it('ends when the application ends', async () => {
    const { log, reader, wait } = harness([() => reader.onModuleDestroy()]);
    expect((await wait(EMPTY, 30_000)).events).toEqual([]);
    expect(log.waits).toBe(1);
  });

  it('reads with what the caller may read then: a credential that was revoked meanwhile gets nothing', async () => {
    const { log, reader } = harness([
      () => {
        log.head = 1;
        log.readable.add(1);
      },
    ]);
    const refused = new ProblemException('unauthorized');
    const waiting = reader.wait(EMPTY, {
      tenant: 'acme',
      limit: 10,
      waitMs: 30_000,
      signal: new AbortController().signal,
      entitlement: () => Promise.reject(refused),
    });
    await expect(waiting).rejects.toBe(refused);
    expect(log.reads).toBe(0);
  });
});

describe('where a page begins', () => {
  it('is the oldest retained event, the end of the log, or behind the cursor', async () => {
    const { log, reader } = harness();
    Object.assign(log, { head: 9, oldest: 3, readable: new Set([2, 4, 6, 9]) });
    const positions = (page: Page<StoredEvent>) => page.events.map(({ position }) => position);
    expect(positions(await reader.first(ENTITLEMENT, 'oldest', 10))).toEqual([4, 6, 9]);
    expect(positions(await reader.first(ENTITLEMENT, { partition: 0, position: 4 }, 10))).toEqual([6, 9]);
    expect(positions(await reader.first(ENTITLEMENT, { partition: 0, position: 3 }, 10))).toEqual([4, 6, 9]);
    expect(await reader.first(ENTITLEMENT, 'now', 10)).toEqual({ partition: 0, events: [], through: 9, more: false });
  });

  it('is never behind a gap: an expired cursor is refused with the oldest one that works', async () => {
    const { log, reader } = harness();
    Object.assign(log, { head: 9, oldest: 3 });
    const error: unknown = await reader
      .first(ENTITLEMENT, { partition: 0, position: 2 }, 10)
      .catch((reason: unknown) => reason);
    if (!(error instanceof ProblemException)) throw error;
    expect(error.code).toBe('cursor_expired');
    expect(decodeCursor(String(error.members?.['oldest']))).toEqual({ partition: 0, position: 3 });
  });

  it('is never ahead of the log', async () => {
    const { log, reader } = harness();
    log.head = 9;
    await expect(reader.first(ENTITLEMENT, { partition: 0, position: 10 }, 10)).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
    await expect(reader.first(ENTITLEMENT, { partition: 0, position: 9 }, 10)).resolves.toMatchObject({ events: [] });
  });

  it('is never in another tenant’s partition', async () => {
    const { log, reader } = harness();
    log.head = 9;
    await expect(reader.first(ENTITLEMENT, { partition: 1, position: 9 }, 10)).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
  });
});
