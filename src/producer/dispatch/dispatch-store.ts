import type { EndpointId, SignalId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';

/**
 * What a signal is for. A `reminder` lists events that were signalled and acknowledged, but not fetched by the deadline; a `verification`
 * asks the owner of the URL to repeat a challenge.
 */
export type SignalKind = 'events' | 'reminder' | 'notice' | 'test' | 'verification';

export interface Lease {
  endpoint: EndpointId;
  /** Fencing token: grows with every claim; a write that carries an older one is refused. */
  token: number;
}

/** One signal to be sent, claimed by this node alone until its lease runs out. */
export interface ClaimedSignal extends Lease {
  /** The endpoint's configuration that was current at the claim; target and secrets are read under it. */
  version: number;
  /** The version that brought the URL: it goes to that one, or nowhere. */
  urlVersion: number;
  signal: SignalId;
  kind: SignalKind;
  /** 1 for the first attempt of this signal. */
  attempt: number;
  /** The exact bytes, as text; the same on every attempt. */
  body: string;
  traceparent: string | null;
  /** What the answer must repeat. Of this attempt alone, and never stored. */
  challenge: string | null;
  /** Positions of the first and the last event listed. */
  first: Position | null;
  last: Position | null;
  /** Events listed. */
  count: number;
}

/** How an attempt ended, as far as the position row is concerned. */
export interface Settlement {
  claim: ClaimedSignal;
  /** `released`: nothing was sent; the signal stays open and due. */
  outcome: 'acknowledged' | 'gone' | 'failed' | 'released';
  /** Unix ms at which the attempt began. */
  sentAt: number;
  status: number | null;
  latencyMs: number;
  category: string | null;
  /** From `Retry-After`: no attempt sooner than this many ms from now. */
  retryAfterMs: number | null;
}

/**
 * `lost-lease`: another node took over; nothing was written. `disabled`: this outcome disabled the endpoint. `verified`: it proved the URL, and
 * the endpoint is active from now on.
 */
export type Settled = 'settled' | 'disabled' | 'verified' | 'lost-lease';

/** `in-flight`: a signal of the endpoint is on its way. `unverified`: its URL is not proved. */
export type NoTest = 'in-flight' | 'unverified';

export interface ClaimRequest {
  owner: string;
  limit: number;
}

/**
 * Where each endpoint stands. One implementation for each database; all must pass `dispatchStoreContract` unchanged.
 */
export interface DispatchStore {
  /**
   * Wakes the endpoints that match events not yet looked at: raises their `head` and makes them due. Moves the marker in
   * the same transaction as the rows: a crash in between would leave an endpoint asleep with events waiting.
   * Does not touch the due time of an endpoint that is leased (its settle sees the new head: a second signal would be
   * in flight) or backing off (failure is a property of the endpoint). Looks at `limit` events at most.
   */
  wake(limit: number): Promise<{ looked: number; more: boolean }>;

  /**
   * Leases up to `limit` due endpoints, longest due first, and composes the next signal of each. The signal's id and bytes are
   * written in the same transaction, before anything is sent: a crash after the send must repeat the same signal, not
   * invent another. One that has nothing to say (all fetched, nothing matches any more) is put to rest and not returned.
   */
  claim(request: ClaimRequest): Promise<ClaimedSignal[]>;

  /** Leases one endpoint for a test signal, which goes to no URL that waits for its proof. */
  claimForTest(endpoint: EndpointId, owner: string): Promise<ClaimedSignal | NoTest>;

  /**
   * Records outcomes: moves the position, plans the next attempt, writes the attempt log. Each only under the lease it
   * was claimed with; a node that slept past its lease must not undo what its successor did. A challenge that was answered rightly makes its
   * endpoint active only if the URL is still the one that it was claimed for: an answer must not prove another URL.
   */
  settle(settlements: readonly Settlement[]): Promise<Settled[]>;

  /** Prolongs leases that are still held; answers with those that are not any more. */
  renew(leases: readonly Lease[], owner: string): Promise<Lease[]>;

  /** Unix ms of the next thing due, or null when every endpoint rests. */
  nextDueAt(): Promise<number | null>;

  /**
   * Makes leases that no living node holds due at once. On SQLite one process owns the file, so at its start every
   * lease is an orphan.
   */
  recoverLeases(): Promise<number>;

  /** Removes attempts older than `before` (Unix ms) from the attempt log, `limit` at most; answers how many. */
  pruneAttempts(before: number, limit: number): Promise<number>;
}
