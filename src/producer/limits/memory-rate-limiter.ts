import type { RateLimiter, RateStanding } from './rate-limiter.js';
import { WindowCounts } from './window-counts.js';

/** Credentials that are counted at once; far more than ask within one window. */
const MOST_KEYS = 20_000;

/** Counts in this process: behind a balancer each node grants the whole quota. Never waits, as it runs for every fetch. */
export class MemoryRateLimiter implements RateLimiter {
  private readonly counts: WindowCounts;

  constructor(
    readonly requests: number,
    readonly perMs: number,
    private readonly now: () => number,
  ) {
    this.counts = new WindowCounts({ perMs, mostKeys: MOST_KEYS, now });
  }

  take(key: string): RateStanding {
    const { count, endsAt } = this.counts.add(key);
    return {
      allowed: count <= this.requests,
      remaining: Math.max(this.requests - count, 0),
      resetMs: endsAt - this.now(),
    };
  }
}
