import type { EventView } from '../../protocol/event.js';

/** What the drain needs of the fetch API; `SignpostClient` has it. */
export interface DrainSource {
  /**
   * A page of the feed. Asking with `after` acknowledges everything up to it.
   *
   * @throws CursorExpiredError, and the other errors of the client
   */
  page(query: { after?: string; limit?: number; ack?: boolean; signal?: AbortSignal }): Promise<FeedPage>;
}

export interface FeedPage {
  events: EventView[];
  cursor: string;
  more: boolean;
}
