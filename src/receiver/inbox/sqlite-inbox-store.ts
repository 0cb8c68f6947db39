import type { EntityManager } from 'typeorm';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { InboxEntry, InboxState } from './inbox-entry.js';
import type {
  Claim,
  ClaimRef,
  ClaimRequest,
  FailedAttempt,
  FetchedPage,
  InboxFilter,
  InboxStore,
  Lane,
  PageStored,
} from './inbox-store.js';
import { SqliteInboxClaims } from './sqlite-inbox-claims.js';
import { SqliteInboxEntries } from './sqlite-inbox-entries.js';
import { SqliteInboxLanes } from './sqlite-inbox-lanes.js';
import { SqliteInboxPages } from './sqlite-inbox-pages.js';

/**
 * The inbox on SQLite: one process, one writer at a time. Every write but `markDone` is one engine step, so no two of them overlap;
 * `markDone` writes in the handler's own transaction, which holds the connection until its end.
 */
export class SqliteInboxStore implements InboxStore {
  private readonly pages: SqliteInboxPages;
  private readonly lanes: SqliteInboxLanes;
  private readonly claims: SqliteInboxClaims;
  private readonly entries: SqliteInboxEntries;

  /** @param now Unix milliseconds. */
  constructor(turns: SqliteTurns, now: () => number) {
    this.pages = new SqliteInboxPages(turns, now);
    this.lanes = new SqliteInboxLanes(turns);
    this.claims = new SqliteInboxClaims(turns, this.lanes, now);
    this.entries = new SqliteInboxEntries(turns, now);
  }

  cursor(producer: string): Promise<string | null> {
    return this.pages.cursor(producer);
  }

  acquireDrain(producer: string, owner: string, leaseMs: number): Promise<boolean> {
    return this.pages.acquireDrain(producer, owner, leaseMs);
  }

  releaseDrain(producer: string, owner: string): Promise<void> {
    return this.pages.releaseDrain(producer, owner);
  }

  storePage(producer: string, page: FetchedPage): Promise<PageStored> {
    return this.pages.store(producer, page);
  }

  claim(request: ClaimRequest): Promise<Claim[]> {
    return this.claims.claim(request);
  }

  renew(claims: readonly ClaimRef[], leaseMs: number): Promise<ClaimRef[]> {
    return this.claims.renew(claims, leaseMs);
  }

  markDone(manager: EntityManager, claim: ClaimRef): Promise<boolean> {
    return this.claims.markDone(manager, claim);
  }

  settleFailure(claim: ClaimRef, attempt: FailedAttempt): Promise<boolean> {
    return this.claims.settleFailure(claim, attempt);
  }

  dueInMs(producer: string): Promise<number | null> {
    return this.claims.dueInMs(producer);
  }

  sweep(producer: string): Promise<number> {
    return this.lanes.sweep(producer);
  }

  takeOver(producer: string): Promise<void> {
    return this.claims.takeOver(producer);
  }

  isLatest(manager: EntityManager, event: Pick<InboxEntry, 'producer' | 'ordinal' | 'subject'>): Promise<boolean> {
    return this.entries.isLatest(manager, event);
  }

  list(producer: string, filter: InboxFilter): Promise<InboxEntry[]> {
    return this.entries.list(producer, filter);
  }

  get(producer: string, id: string): Promise<InboxEntry | null> {
    return this.entries.get(producer, id);
  }

  newest(producer: string): Promise<InboxEntry | null> {
    return this.entries.newest(producer);
  }

  counts(producer: string): Promise<Record<InboxState, number>> {
    return this.entries.counts(producer);
  }

  retry(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    return this.entries.retry(producer, id);
  }

  discard(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    return this.entries.discard(producer, id);
  }

  prune(producer: string, olderThanMs: number, limit: number): Promise<number> {
    return this.entries.prune(producer, olderThanMs, limit);
  }
}
