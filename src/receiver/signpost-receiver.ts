import type { FeedDrain, DrainOutcome } from './drain/feed-drain.js';
import type { InboxWorker, WorkSummary } from './handle/inbox-worker.js';
import type { InboxState } from './inbox/inbox-entry.js';
import type { InboxService } from './inbox/inbox.service.js';

/** Where a receiver stands, for health answers and for people. */
export interface ReceiverStatus {
  /** `failing`: the last attempt to read the feed failed; `expired`: nothing comes in until somebody decides. */
  feed: { state: 'ok' | 'failing' | 'expired'; error: string | null };
  inbox: Record<InboxState, number>;
}

/** The receiver of one producer at work. Of several, inject with `getReceiverToken(name)`. */
export class SignpostReceiver {
  constructor(
    private readonly drain: FeedDrain,
    private readonly worker: InboxWorker,
    private readonly inbox: InboxService,
  ) {}

  /** As if a signal had come: the feed is read soon. */
  wake(): void {
    this.drain.notify();
  }

  /** Reads the feed to its end, now. Rejects with the client's or the database's error. */
  drainOnce(): Promise<DrainOutcome> {
    return this.drain.runOnce();
  }

  /** Handles what is due, now. For tests and one-shot jobs, with `handling: false`. */
  handleOnce(): Promise<WorkSummary> {
    return this.worker.runOnce();
  }

  /** After the stored cursor fell out of the producer's retention: go on from the oldest event that there is. */
  continueFromOldest(): Promise<void> {
    return this.drain.continueFromOldest();
  }

  /** Counts the inbox: for people and for metrics, not for every request. */
  async status(): Promise<ReceiverStatus> {
    const { state, error } = this.drain.status;
    return {
      feed: { state, error: error instanceof Error ? error.message : null },
      inbox: await this.inbox.counts(),
    };
  }
}
