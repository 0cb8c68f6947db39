import type { ReceiverId } from '../../protocol/ids.js';
import type { Look, TimeSpan } from './bounded-look.js';

export const ACTOR_KINDS = [
  'admin-key',
  'configured-key',
  'credential',
  'application',
  'cli',
  'system',
  'nobody',
] as const;
/**
 * Who made a change. `nobody`: no credential was recognised. `application`: the application vouched for the receiver. `cli`: a command, or a script that
 * does what a command does. `system`: Signpost itself, by what an endpoint answered or left unanswered.
 */
export type ActorKind = (typeof ACTOR_KINDS)[number];

/** A row of `signpost_change` on its way in. */
export interface ChangeRow {
  /** Unix ms. */
  at: number;
  actorKind: ActorKind;
  /** Of the key, the credential or the receiver; on a refusal, the one that was claimed. */
  actorId: string | null;
  actorName: string | null;
  action: string;
  target: string | null;
  /** Null: not said, and to be found out from what the target is now. */
  receiver: ReceiverId | null;
  /** JSON list of names. */
  fields: string | null;
  /** Null while it is not known how it ends. */
  status: number | null;
  address: string | null;
}

/** How a change ended, and what was not known when it began. */
export interface ChangeEnd {
  status: number;
  target: string | null;
  receiver: ReceiverId | null;
  fields: string | null;
  /** Values that were changed, where a change is one of many. */
  count: number | null;
}

export type StoredChangeRow = ChangeRow & { ordinal: number; count: number | null };

export interface ChangeFilter extends TimeSpan {
  receiver?: ReceiverId | undefined;
  target?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
}

/** The table of administrative changes. */
export interface ChangeRows {
  /** Durable when it resolves, with the row's ordinal. */
  insert(row: ChangeRow): Promise<number>;

  /** Says how the change of a row ended; what is null there stays as it was. */
  end(ordinal: number, end: ChangeEnd): Promise<void>;

  /** Newest first, of those with an ordinal below `before`. */
  look(filter: ChangeFilter, before: number, limit: number): Promise<Look<StoredChangeRow>>;

  /** Removes rows older than `before` (Unix ms), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<number>;
}
