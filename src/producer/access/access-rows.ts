import type { CredentialId, EventId, ReceiverId } from '../../protocol/ids.js';
import type { AccessKind } from './authenticated.js';
import type { Position } from '../log/event-store.js';
import type { Look, TimeSpan } from './bounded-look.js';

/** A row of `signpost_access` on its way in or out. */
export interface AccessRow {
  /** Unix ms. */
  at: number;
  receiver: ReceiverId | null;
  credential: CredentialId | null;
  action: string;
  status: number;
  /** JSON list of event ids. */
  ids: string | null;
  after: Position | null;
  through: Position | null;
  count: number;
  address: string | null;
  /** What was shown. */
  kind: AccessKind | null;
  /** Whose it is, where it is not ours. */
  identity: string | null;
  /** JSON list of patterns. */
  types: string | null;
}

export type StoredAccessRow = AccessRow & { ordinal: number };

/** What is gone through: everything, what one receiver asked for, or single reads, or batches and pages of the feed, that concern an event. */
export type AccessStream =
  | { kind: 'all' }
  | { kind: 'receiver'; receiver: ReceiverId }
  | { kind: 'single-reads'; event: EventId }
  | { kind: 'several'; event: EventId; place: EventPlace | undefined };

/** Where an event is in the log, as far as it is there. */
export interface EventPlace {
  tenant: string;
  position: Position;
}

/** What is passed over in a stream. Times are Unix ms; `until` is not part of the time. */
export interface AccessFilter extends TimeSpan {
  receiver?: ReceiverId | undefined;
  credential?: CredentialId | undefined;
}

/** The table of the audit log. */
export interface AccessRows {
  /** One commit for all; all or nothing. */
  insert(rows: readonly AccessRow[]): Promise<void>;

  /** Newest first, of those with an ordinal below `before`. */
  look(stream: AccessStream, filter: AccessFilter, before: number, limit: number): Promise<Look<StoredAccessRow>>;

  /** Removes rows older than `before` (Unix ms), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<number>;
}
