/** Where a key stands after a request of its was counted. */
export interface RateStanding {
  /** Whether the request may go on. */
  allowed: boolean;
  /** Requests that the key may still make until `resetMs` have passed. */
  remaining: number;
  /** Milliseconds until the key has its whole quota again. */
  resetMs: number;
}

/**
 * Counts requests by key. The one that comes with the module counts in this process; an application can bring one that
 * counts for all nodes together. It may answer with a promise, which each request then waits for; what it rejects with
 * is the answer to the request (503 for a database that is away, 500 otherwise).
 */
export interface RateLimiter {
  /** Requests of one window, for the `RateLimit-Policy` header. */
  readonly requests: number;
  /** Length of a window in ms. */
  readonly perMs: number;
  /** Counts one request of `key`: the id of a credential, or of the receiver that somebody else vouches for. */
  take(key: string): RateStanding | Promise<RateStanding>;
}
