import type { FailedAttempt } from '../inbox/inbox-store.js';

/** Share of a wait by which it is made longer or shorter, so that what failed together is not tried together again. */
const JITTER = 0.2;

/** When a handler that threw is called again, and when no more. */
export class HandlingPolicy {
  constructor(
    /** Waits after each attempt, in ms. */
    private readonly retrySchedule: readonly number[],
    private readonly whenParked: 'hold' | 'pass',
    /** In [0, 1). */
    private readonly random: () => number,
  ) {}

  /** Whether so many attempts are all that there are. */
  isExhausted(attempts: number): boolean {
    return attempts > this.retrySchedule.length;
  }

  /** @param attempts how many were begun, this one included */
  retried(attempts: number, error: string): FailedAttempt {
    const wait = this.retrySchedule[attempts - 1] ?? this.retrySchedule.at(-1) ?? 0;
    return { outcome: 'retry', error, inMs: wait * (1 - JITTER + 2 * JITTER * this.random()) };
  }

  parked(error: string): FailedAttempt {
    return { outcome: 'parked', error, holds: this.whenParked === 'hold' };
  }
}
