import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ReceiverId } from '../../protocol/ids.js';
import type { ProducerDatabase } from '../producer-database.js';
import { PRODUCER_DATABASE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { isoTime, type Listing, type ListRequest } from '../subscriptions/listing.js';
import { merged } from './bounded-look.js';
import type { ActorKind, ChangeFilter, ChangeRow, ChangeRows, StoredChangeRow } from './change-rows.js';

/** Who wants to change something. */
export interface Actor {
  kind: ActorKind;
  /** Of the key, the credential or the receiver; on a refusal, the one that was claimed. */
  id: string | null;
  name: string | null;
}

/** What somebody set about, as far as the request says before it is read. Never a value, a secret, a URL or a payload. */
export interface Change {
  actor: Actor;
  /** Such as `endpoint.create`. */
  action: string;
  target: string | null;
  /** Null: whoever the target belongs to. */
  receiver: ReceiverId | null;
  /** Network address of the caller. */
  address: string | null;
}

export interface ChangeOutcome {
  /** HTTP status of the answer. */
  status: number;
  target?: string | undefined;
  receiver?: ReceiverId | undefined;
  /** Names of the members that were sent. */
  fields?: readonly string[] | undefined;
}

/** A row of the audit of changes. */
export interface ChangeView {
  /** Grows with each row. */
  id: string;
  at: string;
  actor: Actor;
  action: string;
  target: string | null;
  receiver: ReceiverId | null;
  fields: string[] | null;
  /** Values that a command changed. */
  count: number | null;
  /** Null: the process ended before it was known. */
  status: number | null;
  address: string | null;
}

/** A change that was noted and is under way. */
export type BegunChange = (outcome: ChangeOutcome) => Promise<void>;

/**
 * Who changed what, and who was refused. A row is durable *before* the change begins, and is told how it ended before the answer goes out:
 * no change is without a row, whenever the process ends, and what cannot be noted is not done.
 */
@Injectable()
export class ChangeLog {
  private readonly logger = new Logger('Signpost');
  private readonly now: () => number;
  private readonly rows: ChangeRows;

  constructor(
    @Inject(PRODUCER_DATABASE) database: Pick<ProducerDatabase, 'changeRows'>,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
    this.rows = database.changeRows;
  }

  /** Rejects when the database refuses: then nothing may be changed. */
  async begin(change: Change): Promise<BegunChange> {
    const ordinal = await this.rows.insert(this.row(change, null));
    return ({ status, target, receiver, fields }) =>
      this.rows
        .end(ordinal, {
          status,
          target: target ?? null,
          receiver: receiver ?? null,
          fields: fields === undefined ? null : JSON.stringify(fields),
          count: null,
        })
        // The change has happened or was refused, and its row says that it was tried.
        .catch((error: unknown) => this.complain(error));
  }

  /** Notes what a guard refused. The refusal stands whether or not it could be written. */
  async refused(change: Change, status: number): Promise<void> {
    try {
      await this.rows.insert(this.row(change, status));
    } catch (error) {
      this.complain(error);
    }
  }

  /** Newest first. `after` is a `cursor` of the same list: digits. Looks at a bounded number of rows for one page. */
  async list({ after, limit, ...filter }: ListRequest & ChangeFilter): Promise<Listing<ChangeView>> {
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after);
    return merged([await this.rows.look(filter, before, limit + 1)], limit, view);
  }

  /** Removes rows older than `before` (Unix ms), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<number> {
    return this.rows.prune(before, limit);
  }

  private row({ actor, action, target, receiver, address }: Change, status: number | null): ChangeRow {
    return {
      at: this.now(),
      actorKind: actor.kind,
      actorId: actor.id,
      actorName: actor.name,
      action,
      target,
      receiver,
      fields: null,
      status,
      address,
    };
  }

  private complain(error: unknown): void {
    this.logger.warn(
      `The audit does not know how a change ended: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function view({ ordinal, at, actorKind, actorId, actorName, fields, ...rest }: StoredChangeRow): ChangeView {
  const { action, target, receiver, count, status, address } = rest;
  return {
    id: String(ordinal),
    at: isoTime(at),
    actor: { kind: actorKind, id: actorId, name: actorName },
    action,
    target,
    receiver,
    fields: fields === null ? null : (JSON.parse(fields) as string[]),
    count,
    status,
    address,
  };
}
