import type { EntityManager } from 'typeorm';
import type { IdGenerator } from '../../protocol/ids.js';
import type { AppendNotifier } from '../log/append-notifier.js';
import type { Appended, EventStore, Placed } from '../log/event-store.js';
import { shareDigest, underBatchKey } from './batch-key.js';
import { InvalidEventError, type EventInput } from './event-input.js';
import { prepareEvent } from './prepare-event.js';

/** Events of one batch, at most: a transaction that others can wait for. */
export const LARGEST_BATCH = 1_000;

/** Writes events into the log. The only way in. */
export class Publisher {
  constructor(
    private readonly store: EventStore,
    private readonly ids: IdGenerator,
    private readonly appended: AppendNotifier,
    private readonly now: () => number,
  ) {}

  /**
   * Publishes in the application's own transaction: the event exists if, and only if, that transaction commits.
   * `manager` is the transaction's, as `dataSource.transaction(async (manager) => …)` hands it out.
   *
   * @throws InvalidEventError when a member is at fault; NotInTransactionError outside a transaction;
   * IdempotencyConflictError when the idempotency key belongs to an event with other content.
   */
  async publish(manager: EntityManager, event: EventInput): Promise<Appended> {
    const [appended] = await this.publishAll(manager, [event]);
    if (!appended) throw new Error('The store answered with no event');
    return appended;
  }

  /** As `publish`, for up to 1,000 events, in their order. */
  async publishAll(manager: EntityManager, events: readonly EventInput[]): Promise<Appended[]> {
    const appended = await this.store.append(manager, this.prepare(events));
    // Before the commit there is nothing to see, and a rollback must wake nobody.
    this.store.afterCommit(manager, this.appended.notify);
    return appended;
  }

  /**
   * Publishes in a transaction of its own, all or nothing; resolves when the events are durable. Calls at the same time
   * share one commit. For producers that have no transaction to join, such as the HTTP API.
   *
   * `idempotencyKey` is for the events as a whole, in place of keys of their own.
   *
   * @throws as `publish`, but for NotInTransactionError.
   */
  async publishAlone(
    events: readonly EventInput[],
    { idempotencyKey }: { idempotencyKey?: string | undefined } = {},
  ): Promise<Placed[]> {
    const prepared =
      idempotencyKey === undefined
        ? this.prepare(events)
        : shareDigest(this.prepare(underBatchKey(events, idempotencyKey)));
    const appended = await this.store.appendAlone(prepared);
    if (appended.some((event) => !event.repeated)) this.appended.notify();
    return appended;
  }

  private prepare(events: readonly EventInput[]) {
    if (events.length > LARGEST_BATCH) {
      throw new InvalidEventError(
        '',
        `a batch takes ${LARGEST_BATCH} events at most, not ${events.length}; send several`,
      );
    }
    const now = this.now();
    return events.map((event) => prepareEvent(event, this.ids, now));
  }
}
