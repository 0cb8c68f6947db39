import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { CredentialId, EventId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { ProducerDatabase } from '../producer-database.js';
import { PRODUCER_DATABASE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { isoTime, type Listing, type ListRequest } from '../subscriptions/listing.js';
import type { AccessFilter, AccessRow, AccessRows, AccessStream, EventPlace, StoredAccessRow } from './access-rows.js';
import type { AccessKind } from './authenticated.js';
import { merged } from './bounded-look.js';

/** What was asked for. `other`: the route does not say. */
export const ACCESS_ACTIONS = [
  'event',
  'feed',
  'batch',
  'ack',
  'position',
  'event-types',
  'endpoints',
  'token',
  'other',
] as const;
export type AccessAction = (typeof ACCESS_ACTIONS)[number];

/** One read or one denial. Never a payload. */
export interface Access {
  /** Null: nobody was recognised. */
  receiver: ReceiverId | null;
  /** On a denial: the credential that was claimed, if it was one. */
  credential: CredentialId | null;
  action: AccessAction;
  /** HTTP status of the answer. */
  status: number;
  /** Events that were asked for by id. */
  ids?: readonly string[] | undefined;
  /** Range of the log that was read. */
  after?: Position | undefined;
  through?: Position | undefined;
  /** Events handed out. */
  count: number;
  /** Network address of the caller. */
  address: string | null;
  /** What was shown; null or left out on a denial. */
  kind?: AccessKind | null | undefined;
  /** Who it is to the issuer or the application that vouched for the receiver. */
  identity?: string | null | undefined;
  /** Patterns that a page of the feed was asked for with, fit to be kept. */
  types?: readonly string[] | undefined;
}

/** A row of the audit log. Times are ISO 8601. */
export interface AccessView {
  /** Grows with each row. */
  id: string;
  at: string;
  receiver: ReceiverId | null;
  credential: CredentialId | null;
  action: AccessAction;
  status: number;
  ids: string[] | null;
  after: Position | null;
  through: Position | null;
  count: number;
  address: string | null;
  kind: AccessKind | null;
  identity: string | null;
  types: string[] | null;
}

/** Whose accesses are asked for, or of which event: `place` is where it is in the log, as far as it is there. */
export interface AccessQuestion extends AccessFilter {
  event?: { id: EventId; place: EventPlace | undefined } | undefined;
}

/** Longest time that a row waits to be written; a crash loses this much of the audit at most. */
const WAIT_MS = 100;
/** Rows of one turn; more wait for the next one. */
const BATCH = 1_000;
/** Rows kept while the database cannot be written; then reads are refused rather than left out of the audit. */
const MOST_PENDING = 20_000;
/** Pause after a failed write. */
const RETRY_MS = 1_000;

/** Who read what, from where, and who was refused. Written in batches, off the requests' way. */
@Injectable()
export class AccessLog implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Signpost');
  private readonly now: () => number;
  private readonly rows: AccessRows;
  /** Oldest first; a row leaves when it is written. */
  private pending: AccessRow[] = [];
  private noted = 0;
  private written = 0;
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The database refused the last write: nothing but the timer tries again. */
  private refused = false;
  /** Requests that were under way still end; the timer might not come any more. */
  private stopping = false;

  constructor(
    @Inject(PRODUCER_DATABASE) private readonly database: Pick<ProducerDatabase, 'accessRows' | 'runOutside'>,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
    this.rows = database.accessRows;
  }

  /** No room is left because the database refuses writes: answer 503, since a read that leaves no row must not happen. */
  get full(): boolean {
    return this.pending.length >= MOST_PENDING;
  }

  /** Notes an access; it is written within about 100 ms. */
  record({
    receiver,
    credential,
    action,
    status,
    ids,
    after,
    through,
    count,
    address,
    kind,
    identity,
    types,
  }: Access): void {
    this.pending.push({
      at: this.now(),
      receiver,
      credential,
      action,
      status,
      ids: ids === undefined ? null : JSON.stringify(ids),
      after: after ?? null,
      through: through ?? null,
      count,
      address,
      kind: kind ?? null,
      identity: identity ?? null,
      types: types === undefined ? null : JSON.stringify(types),
    });
    this.noted += 1;
    const now = (this.stopping || this.pending.length >= BATCH) && !this.writing && !this.refused;
    // The request may be handled inside somebody's transaction; the write must not count as part of it.
    if (now) this.database.runOutside(() => void this.flushQuietly());
    else this.schedule(WAIT_MS);
  }

  /** Writes everything noted so far, in order. Rejects when the database refuses; the rows stay noted. */
  async flush(): Promise<void> {
    const noted = this.noted;
    while (this.written < noted) await (this.writing ??= this.writeBatch());
    if (this.stopping && this.pending.length > 0) await this.flush();
  }

  /**
   * Newest first. `after` is a `cursor` of the same list: digits. A question that few rows answer looks at a bounded number of them for one
   * page, which may be short or empty while `more` is true: go on from its cursor.
   */
  async list({ after, limit, event, ...filter }: ListRequest & AccessQuestion): Promise<Listing<AccessView>> {
    await this.flush();
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after);
    const looks = await Promise.all(
      streamsOf(filter, event).map((stream) => this.rows.look(stream, filter, before, limit + 1)),
    );
    return merged(looks, limit, view);
  }

  /** Removes rows older than `before` (Unix ms), `limit` at most; answers how many. */
  prune(before: number, limit: number): Promise<number> {
    return this.rows.prune(before, limit);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.flushQuietly();
  }

  private schedule(wait: number): void {
    if (this.timer !== undefined) return;
    this.timer = this.database.runOutside(() =>
      setTimeout(() => {
        this.timer = undefined;
        void this.flushQuietly();
      }, wait),
    );
    this.timer.unref();
  }

  private async writeBatch(): Promise<void> {
    try {
      const batch = this.pending.slice(0, BATCH);
      await this.rows.insert(batch);
      this.pending.splice(0, batch.length);
      this.written += batch.length;
      this.refused = false;
    } finally {
      this.writing = undefined;
    }
  }

  private async flushQuietly(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.refused = true;
      this.logger.warn(`The audit log waits: ${error instanceof Error ? error.message : String(error)}`);
      clearTimeout(this.timer);
      this.timer = undefined;
      this.schedule(RETRY_MS);
    }
  }
}

/** The reads of an event are in two places; pages of the feed and batches may concern many events each. */
function streamsOf({ receiver }: AccessFilter, event: AccessQuestion['event']): AccessStream[] {
  if (event)
    return [
      { kind: 'single-reads', event: event.id },
      { kind: 'several', event: event.id, place: event.place },
    ];
  return [receiver === undefined ? { kind: 'all' } : { kind: 'receiver', receiver }];
}

function view({ at, action, ids, types, ordinal, ...rest }: StoredAccessRow): AccessView {
  return {
    ...rest,
    id: String(ordinal),
    at: isoTime(at),
    action: action as AccessAction,
    ids: ids === null ? null : (JSON.parse(ids) as string[]),
    types: types === null ? null : (JSON.parse(types) as string[]),
  };
}
