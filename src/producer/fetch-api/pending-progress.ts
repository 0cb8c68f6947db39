import type { ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { Progress, ReceiverProgress } from '../log/progress-store.js';

interface Pending {
  fetchedThrough: Position;
  ackedThrough: Position;
  fetched: Set<Position>;
  acked: Set<Position>;
}

/** Positions of single fetches that wait for the database, at most; see `PendingProgress.add`. */
const MAX_FETCHED = 100_000;

/** What receivers did since the last write, merged: marks only grow and receipts are a set, so order does not matter. */
export class PendingProgress {
  private readonly receivers = new Map<ReceiverId, Pending>();
  private fetchedCount = 0;

  get isEmpty(): boolean {
    return this.receivers.size === 0;
  }

  /**
   * While the database cannot be written, receipts of single fetches are dropped beyond a bound: a lost one costs a
   * reminder, an unbounded set the process.
   */
  add(receiver: ReceiverId, progress: Progress): void {
    const pending = this.pendingOf(receiver);
    switch (progress.kind) {
      case 'fetched-through':
        pending.fetchedThrough = Math.max(pending.fetchedThrough, progress.through);
        break;
      case 'acked-through':
        pending.ackedThrough = Math.max(pending.ackedThrough, progress.through);
        break;
      case 'acked':
        for (const position of progress.positions) pending.acked.add(position);
        break;
      case 'fetched':
        for (const position of progress.positions) {
          if (this.fetchedCount >= MAX_FETCHED) return;
          if (pending.fetched.has(position)) continue;
          pending.fetched.add(position);
          this.fetchedCount++;
        }
    }
  }

  /** Everything that is pending, for the store, and starts anew. */
  take(): ReceiverProgress[] {
    const taken: ReceiverProgress[] = [];
    for (const [receiver, pending] of this.receivers) {
      const push = (progress: Progress) => taken.push({ receiver, progress });
      if (pending.fetchedThrough > 0) push({ kind: 'fetched-through', through: pending.fetchedThrough });
      if (pending.ackedThrough > 0) push({ kind: 'acked-through', through: pending.ackedThrough });
      if (pending.fetched.size > 0) push({ kind: 'fetched', positions: [...pending.fetched] });
      if (pending.acked.size > 0) push({ kind: 'acked', positions: [...pending.acked] });
    }
    this.receivers.clear();
    this.fetchedCount = 0;
    return taken;
  }

  private pendingOf(receiver: ReceiverId): Pending {
    let pending = this.receivers.get(receiver);
    if (!pending) {
      pending = { fetchedThrough: 0, ackedThrough: 0, fetched: new Set(), acked: new Set() };
      this.receivers.set(receiver, pending);
    }
    return pending;
  }
}
