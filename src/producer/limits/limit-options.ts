import type { RateLimiter } from './rate-limiter.js';

/** How many requests, in how long. */
export interface RequestRate {
  requests: number;
  /** Length of the window in ms. */
  perMs: number;
}

/** What one caller may ask of the APIs. `false` lifts a limit. */
export interface LimitOptions {
  /** Requests of one credential to the fetch API, or of one receiver where somebody else vouches for it. Counted by each node for itself. Default 10,000 in 10,000 ms. */
  perCredential?: RequestRate | false;
  /** Counts the requests of credentials in place of this process, such as for all nodes together; `perCredential` then means nothing. Default: none. */
  rateLimiter?: RateLimiter;
  /** Answers 401 to one address (IPv6: one /64) in a minute. Default 1,000. */
  unauthorizedPerMinute?: number | false;
  /** Answers 404 to reads of single events from one address (IPv6: one /64) in a minute. Default 10,000. */
  missesPerMinute?: number | false;
  /** Long polls of one credential that wait at the same time, on each node. Default 100. */
  waitsPerCredential?: number | false;
}

/** Limits of an installation that sets none. */
export const DEFAULT_LIMITS = {
  perCredential: { requests: 10_000, perMs: 10_000 },
  unauthorizedPerMinute: 1_000,
  missesPerMinute: 10_000,
  waitsPerCredential: 100,
} as const satisfies LimitOptions;
