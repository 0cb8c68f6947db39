import type { CredentialId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';

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
}

/** The table of the audit log. */
export interface AccessRows {
  /** One commit for all; all or nothing. */
  insert(rows: readonly AccessRow[]): Promise<void>;

  /** Those with an ordinal below `before`. */
  newestFirst(
    receiver: ReceiverId | undefined,
    before: number,
    limit: number,
  ): Promise<(AccessRow & { ordinal: number })[]>;

  /** Removes rows older than `before` (Unix ms), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<number>;
}
