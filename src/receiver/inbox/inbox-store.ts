import type { EntityManager } from 'typeorm';
import type { EventId } from '../../protocol/ids.js';
import type { InboxEntry, InboxState } from './inbox-entry.js';

/** What orders the events of one producer: events of a lane are handled one after the other, in log order. */
export type Lane = string | null;

/** An event as a page of the feed brought it. Times are Unix milliseconds. */
export interface FetchedEvent {
  id: EventId;
  type: string;
  tenant: string;
  subject: string | null;
  occurredAt: number;
  recordedAt: number;
  cursor: string;
  /** The payload, as JSON text. */
  data: string;
  redacted: readonly string[] | null;
  /** null: in no order to any other. */
  lane: Lane;
}

/** A page of the feed and the place behind it, to be stored together. */
export interface FetchedPage {
  /** The cursor that the page was asked with; null: from the oldest. */
  after: string | null;
  /** Where to go on. */
  cursor: string;
  /** In log order. */
  events: readonly FetchedEvent[];
}

/** `moved`: the stored cursor is not the page's `after` any more (another node stored it); nothing was written. */
export type PageStored = { outcome: 'stored'; fresh: number; repeated: number } | { outcome: 'moved' };

/** An event that this worker holds until its lease ends. Writes about it name the token and are refused once it is not the last. */
export interface Claim {
  readonly entry: InboxEntry;
  readonly lane: Lane;
  /** Grows by one with every claim of the event. */
  readonly token: number;
}

export type ClaimRef = Pick<Claim, 'token'> & { readonly entry: Pick<InboxEntry, 'producer' | 'id'> };

export interface ClaimRequest {
  producer: string;
  /** Who claims: unique per process and start. */
  owner: string;
  limit: number;
  leaseMs: number;
  /** Lanes in which something may have become the first open event since the last claim: what this node stored or finished. */
  released: readonly string[];
}

/** How an attempt ended that did not commit a `done`. */
export type FailedAttempt =
  | { outcome: 'retry'; error: string; inMs: number }
  /** `holds`: later events of its lane wait for the decision about it. */
  | { outcome: 'parked'; error: string; holds: boolean }
  /** Not begun, or broken off at no fault of the event: the attempt does not count, and it is due at once. */
  | { outcome: 'returned' };

/** Which entries of an inbox; all that is given must hold. */
export interface InboxFilter {
  state?: InboxState;
  type?: string;
  subject?: string;
  /** Entries behind this ordinal. */
  after?: number;
  /** Default 100, 1,000 at most. */
  limit?: number;
}

/**
 * The receiver's inbox and its place in the producer's feed, one implementation for each database. Rules that all keep (the cases in
 * `src/testing/inbox-store-cases.ts` try to break them):
 *
 * - a page and its cursor are stored in one transaction, only if the cursor still is the page's `after`;
 * - an event is there once for each producer, whatever happened to it: `done` rows are kept to recognise repeats;
 * - an event is claimable when it is waiting or failed, due, and no earlier event of its lane is open (waiting, failed, or parked and
 *   holding); of two claims at the same time one wins;
 * - a claim ends with its lease; then anybody may claim again, with a higher token, and the old token writes nothing;
 * - on PostgreSQL all times are the database's.
 *
 * An open event of a lane is `ready` if it is the lane's first. Whoever finishes an event does not look for the next in the same
 * transaction: two transactions that do not see each other (a page that brings the next one, a handler that finishes the first)
 * would both leave it to the other. It is looked for after the commit, with the next claim (`released`), and by `sweep`, should the
 * process die in between.
 */
export interface InboxStore {
  /** Where to read on; null: nothing was ever stored. Makes the producer's cursor row if it is not there. */
  cursor(producer: string): Promise<string | null>;

  /** One drain at a time, over all nodes. True: the caller has it until it releases it or the lease ends; again renews it. */
  acquireDrain(producer: string, owner: string, leaseMs: number): Promise<boolean>;
  releaseDrain(producer: string, owner: string): Promise<void>;

  /** Events in no lane, and the first of a lane without open ones, are ready with the commit. */
  storePage(producer: string, page: FetchedPage): Promise<PageStored>;

  /** In ordinal order, as far as due; a claim counts as an attempt. */
  claim(request: ClaimRequest): Promise<Claim[]>;
  /** Puts the lease's end off; answers the claims that were lost to somebody else. */
  renew(claims: readonly ClaimRef[], leaseMs: number): Promise<ClaimRef[]>;
  /** In the handler's own transaction, at its end. False: the claim was lost; roll back. */
  markDone(manager: EntityManager, claim: ClaimRef): Promise<boolean>;
  /** False: the claim was lost, nothing was written. */
  settleFailure(claim: ClaimRef, attempt: FailedAttempt): Promise<boolean>;
  /** Milliseconds until the next ready event is due, 0 if one is; null: none is ready. */
  dueInMs(producer: string): Promise<number | null>;
  /** Makes the first open event of every lane ready; returns how many were not. */
  sweep(producer: string): Promise<number>;
  /**
   * At start, on a database that has one process only (SQLite): whoever held claims and the drain is dead. Does nothing on others.
   */
  takeOver(producer: string): Promise<void>;

  /** Whether no later event of the same subject is in the inbox; an event without subject is the latest. */
  isLatest(manager: EntityManager, event: Pick<InboxEntry, 'producer' | 'ordinal' | 'subject'>): Promise<boolean>;

  /** Entries in ordinal order. */
  list(producer: string, filter: InboxFilter): Promise<InboxEntry[]>;
  get(producer: string, id: string): Promise<InboxEntry | null>;
  /** The entry that arrived last; null: none is there. */
  newest(producer: string): Promise<InboxEntry | null>;
  counts(producer: string): Promise<Record<InboxState, number>>;
  /** A parked or failed event becomes waiting, due now, its attempts counted anew. Answers its lane, or undefined if it was neither. */
  retry(producer: string, id: string): Promise<{ lane: Lane } | undefined>;
  /** A waiting, failed or parked event that nobody holds becomes discarded. As `retry`. */
  discard(producer: string, id: string): Promise<{ lane: Lane } | undefined>;
  /**
   * Removes at most `limit` done and discarded entries that were finished longer than `olderThanMs` ago; returns how many, 0 if there is
   * none. The newest of a subject stays for as long as an earlier one of it is waiting, failed or parked: `isLatest` goes by it.
   */
  prune(producer: string, olderThanMs: number, limit: number): Promise<number>;
}
