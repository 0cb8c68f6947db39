import type { DataSource, EntityManager } from 'typeorm';
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
import { inboxTables } from './inbox-tables.js';
import { PostgresInboxClaims } from './postgres-inbox-claims.js';
import { PostgresInboxEntries } from './postgres-inbox-entries.js';
import { PostgresInboxLanes } from './postgres-inbox-lanes.js';
import { PostgresInboxPages } from './postgres-inbox-pages.js';
import { dataSourceConnections, PostgresSession } from '../../database/postgres-session.js';

/**
 * The inbox on PostgreSQL: any number of nodes, in READ COMMITTED. Connections come from the DataSource's pool, one at a time, and none is
 * asked for while another is held. What a race could break is kept by rows: the cursor's for pages, the event's for all else.
 */
export class PostgresInboxStore implements InboxStore {
  private readonly pages: PostgresInboxPages;
  private readonly lanes: PostgresInboxLanes;
  private readonly claims: PostgresInboxClaims;
  private readonly entries: PostgresInboxEntries;

  constructor(dataSource: DataSource) {
    const session = new PostgresSession(dataSourceConnections(dataSource));
    const tables = inboxTables(dataSource);
    this.pages = new PostgresInboxPages(session, tables);
    this.lanes = new PostgresInboxLanes(session, tables);
    this.claims = new PostgresInboxClaims(dataSource, session, tables, this.lanes);
    this.entries = new PostgresInboxEntries(session, tables, this.lanes);
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

  /** Claims and the drain may be another node's: they end with their leases. */
  async takeOver(): Promise<void> {}

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
