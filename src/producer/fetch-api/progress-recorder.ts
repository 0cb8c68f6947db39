import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Progress, ProgressStore } from '../log/progress-store.js';
import { PROGRESS_STORE } from '../signpost-options.js';
import { PendingProgress } from './pending-progress.js';

/** Longest time that a fetch waits to be written down, in ms. Lost in a crash, it costs one more reminder. */
const FLUSH_AFTER_MS = 50;

interface Waiter {
  resolve(): void;
  reject(cause: unknown): void;
}

/**
 * Writes down what receivers fetched and acked, many requests in one transaction: a write for each read would make the
 * fetch API as slow as the disk. One write runs at a time; what comes meanwhile goes into the next.
 */
@Injectable()
export class ProgressRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Signpost');
  /** A request may be handled inside a transaction of the host; the write is not part of it. */
  private readonly outside = AsyncLocalStorage.snapshot();
  private readonly pending = new PendingProgress();
  private waiters: Waiter[] = [];
  private timer: NodeJS.Timeout | undefined;
  private urgent = false;
  private writing: Promise<void> | undefined;

  constructor(@Inject(PROGRESS_STORE) private readonly store: ProgressStore) {}

  /** Soon, and without waiting for it. */
  record(receiver: ReceiverId, progress: Progress): void {
    this.pending.add(receiver, progress);
    this.schedule(FLUSH_AFTER_MS);
  }

  /** Resolves when it is durable; rejects as the store does, and then it is not. */
  recordDurably(receiver: ReceiverId, progress: Progress): Promise<void> {
    this.pending.add(receiver, progress);
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      // At once, but after the requests that are being read right now: they share the write.
      this.schedule(0);
    });
  }

  /** Resolves when everything that was recorded before the call has been written, or could not be. */
  async flush(): Promise<void> {
    if (this.writing) await this.writing;
    if (!this.pending.isEmpty) await this.outside(() => this.write());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
  }

  private schedule(delayMs: number): void {
    // A timer that is due at once is never put off, or a stream of acks would put it off for ever.
    if (this.timer !== undefined && (delayMs > 0 || this.urgent)) return;
    clearTimeout(this.timer);
    this.urgent = delayMs === 0;
    this.timer = this.outside(() => setTimeout(() => void this.flush(), delayMs));
    this.timer.unref();
  }

  private write(): Promise<void> {
    this.writing ??= this.writeTaken().finally(() => {
      this.writing = undefined;
      if (!this.pending.isEmpty) this.schedule(this.waiters.length > 0 ? 0 : FLUSH_AFTER_MS);
    });
    return this.writing;
  }

  private async writeTaken(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const taken = this.pending.take();
    const waiters = this.waiters;
    this.waiters = [];
    try {
      await this.store.apply(taken);
      for (const waiter of waiters) waiter.resolve();
    } catch (cause) {
      // Kept for the next write: marks only grow, so applying them late, or twice, is the same. Not acks by id: whoever
      // sent them is told, sends them again, and could pile them up here.
      for (const { receiver, progress } of taken) {
        if (progress.kind !== 'acked') this.pending.add(receiver, progress);
      }
      for (const waiter of waiters) waiter.reject(cause);
      this.logger.warn(
        `What receivers fetched could not be written yet: ${cause instanceof Error ? cause.name : 'error'}`,
      );
    }
  }
}
