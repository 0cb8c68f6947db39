import assert from 'node:assert/strict';
import type { DataSource, EntityManager } from 'typeorm';
import { type EventId, IdGenerator } from '../protocol/ids.js';
import type { InboxEntry } from '../receiver/inbox/inbox-entry.js';
import type { Claim, ClaimRequest, FetchedEvent, InboxStore, PageStored } from '../receiver/inbox/inbox-store.js';

/** A store under test, and what its surroundings must be able to do. One for each case. */
export interface InboxStoreSetting {
  store: InboxStore;
  /** The store of a second node on the same database; where there is one process only, the same store. */
  other: InboxStore;
  /** Whose transactions are the handlers'. */
  dataSource: DataSource;
  /** A name that no other case uses. */
  producer: string;
  /** Whether transactions of two nodes overlap (PostgreSQL), or take turns on one connection (SQLite). */
  overlapping: boolean;
  /** Lets the store's time pass. */
  advance(ms: number): Promise<void>;
  /** Lets a page be stored up to the event with this id, and no further until the answered function is called. */
  holdBack(id: EventId): Promise<() => Promise<void>>;
}

/** One promise of an inbox, and how it is tried. */
export interface InboxStoreCase {
  name: string;
  run(setting: InboxStoreSetting): Promise<void>;
}

export const LEASE_MS = 60_000;

/** Deep equality of what JSON holds. A driver may make its rows in another realm than the test runs in, with other prototypes. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepEqual(plain(actual), plain(expected));
}

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

const ids = new IdGenerator();

/** 2026-11-23T17:30:00.000Z */
const THEN = 1_795_455_000_000;

/** An event as the feed brings it, in no lane unless one is given. */
export function fetchedEvent(over: Partial<FetchedEvent> = {}): FetchedEvent {
  const id = over.id ?? ids.next('evt');
  return {
    id,
    type: 'invoice.paid',
    tenant: 'acme',
    subject: null,
    occurredAt: THEN,
    recordedAt: THEN + 1,
    cursor: `cursor-of-${id}`,
    data: '{"amount":1}',
    redacted: null,
    lane: null,
    ...over,
  };
}

/** `count` events of one lane, which is their subject. */
export function eventsOf(lane: string | null, count: number): FetchedEvent[] {
  return Array.from({ length: count }, () => fetchedEvent({ lane, subject: lane }));
}

/** Stores a page after the one that was stored last. */
export async function storeNext(
  { store, producer }: Pick<InboxStoreSetting, 'store' | 'producer'>,
  events: readonly FetchedEvent[],
): Promise<PageStored> {
  const after = await store.cursor(producer);
  const cursor = events.at(-1)?.cursor ?? `${after ?? ''}+`;
  const stored = await store.storePage(producer, { after, cursor, events });
  assert.equal(stored.outcome, 'stored');
  return stored;
}

/** Claims up to 100 events; without `released` unless it is given. */
export function claimDue(
  { store, producer }: Pick<InboxStoreSetting, 'store' | 'producer'>,
  over: Partial<ClaimRequest> = {},
): Promise<Claim[]> {
  return store.claim({ producer, owner: 'node-1', limit: 100, leaseMs: LEASE_MS, released: [], ...over });
}

/** The one claim that there must be. */
export async function claimOne(
  setting: Pick<InboxStoreSetting, 'store' | 'producer'>,
  over: Partial<ClaimRequest> = {},
): Promise<Claim> {
  const claims = await claimDue(setting, over);
  assert.equal(claims.length, 1, 'exactly one event is claimable');
  return claims[0] as Claim;
}

/** Marks as done in a transaction of its own, as a handler without effect does. */
export function finish({ store, dataSource }: InboxStoreSetting, claim: Claim): Promise<boolean> {
  return dataSource.transaction((manager) => store.markDone(manager, claim));
}

export async function entryOf({ store, producer }: InboxStoreSetting, { id }: { id: string }): Promise<InboxEntry> {
  const entry = await store.get(producer, id);
  assert.ok(entry, `the event ${id} is in the inbox`);
  return entry;
}

export const idsOf = (events: readonly { id: EventId }[]): EventId[] => events.map(({ id }) => id);
export const claimedIds = (claims: readonly Claim[]): EventId[] => claims.map(({ entry }) => entry.id);

/** Runs `work` in a transaction and leaves it open: `commit` ends it. */
export async function heldOpen<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<{ result: T; commit(): Promise<void> }> {
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  let ended: Promise<void> = Promise.resolve();
  const result = await new Promise<T>((resolve, reject) => {
    ended = dataSource.transaction(async (manager) => {
      resolve(await work(manager));
      await gate;
    });
    ended.catch(reject);
  });
  return {
    result,
    commit: () => {
      letGo();
      return ended;
    },
  };
}
