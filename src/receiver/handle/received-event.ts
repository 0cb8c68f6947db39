import type { EntityManager } from 'typeorm';
import type { EventView } from '../../protocol/event.js';

/** An event as a handler gets it. */
export interface ReceivedEvent<T = unknown> extends EventView<T> {
  /** Name of the receiver module that fetched it; `default` unless it was given one. */
  producer: string;
}

/** What a handler works with, beside the event. */
export interface HandlerContext {
  /**
   * Of the transaction in which the event is marked as done: what is written through it happens exactly once. With `transaction: false` the
   * DataSource's own manager.
   */
  manager: EntityManager;
  /** 1 the first time. */
  attempt: number;
  /** Aborted when the application shuts down or another worker has taken the event over; give it to what takes long. */
  signal: AbortSignal;
  /**
   * Whether no later event of the same subject has arrived. A handler that only needs the newest state can skip the others.
   */
  isLatest(): Promise<boolean>;
}
