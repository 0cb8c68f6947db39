import type { EntityManager } from 'typeorm';
import type { InboxEntry, InboxState } from './inbox-entry.js';
import type { InboxFilter, InboxStore, Lane } from './inbox-store.js';

/**
 * The inbox of one producer, for whoever looks after the application: what waits, what was given up, and what becomes of it. Of several
 * producers, inject with `getInboxToken(name)`.
 */
export class InboxService {
  constructor(
    private readonly store: InboxStore,
    private readonly producer: string,
    private readonly changed: (lanes: readonly Lane[]) => void,
  ) {}

  /** Entries in log order, 100 unless told; go on with `after: entries.at(-1).ordinal`. */
  list(filter: InboxFilter = {}): Promise<InboxEntry[]> {
    return this.store.list(this.producer, filter);
  }

  /** One entry, by event id; null: it was never fetched, or is past its retention. */
  get(id: string): Promise<InboxEntry | null> {
    return this.store.get(this.producer, id);
  }

  /** How many entries are in each state. Counts all that retention keeps: for people and for metrics, not for every request. */
  counts(): Promise<Record<InboxState, number>> {
    return this.store.counts(this.producer);
  }

  /** A parked or failed event is handled again, now, with all its attempts. False: it was neither. */
  async retry(id: string): Promise<boolean> {
    return this.done(await this.store.retry(this.producer, id));
  }

  /** A parked, failed or waiting event is never handled; what waited behind it goes on. False: it was none, or a handler has it now. */
  async discard(id: string): Promise<boolean> {
    return this.done(await this.store.discard(this.producer, id));
  }

  /**
   * Whether no later event of the same subject has arrived, as `HandlerContext.isLatest`, for use outside a handler.
   *
   * @param event an entry of this inbox
   */
  isLatest(manager: EntityManager, event: Pick<InboxEntry, 'ordinal' | 'subject'>): Promise<boolean> {
    return this.store.isLatest(manager, { ...event, producer: this.producer });
  }

  private done(found: { lane: Lane } | undefined): boolean {
    if (found) this.changed([found.lane]);
    return found !== undefined;
  }
}
