import { setTimeout as timer } from 'node:timers/promises';
import { RateLimitedError, SignpostClientError, TooEarlyError, UnavailableError } from './errors.js';

/** Waits; rejects with the signal's reason as soon as it aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface RetryPolicy {
  /** Tries in all. */
  tries: number;
  /** The first wait is a random time up to this; each later one up to twice as long, in ms. */
  firstPauseMs: number;
  /** No wait is longer, in ms; but for what the producer asks for. */
  longestPauseMs: number;
  /** A producer that asks for more than this is not waited for, in ms. */
  maxRetryAfterMs: number;
  /** In [0, 1). */
  random: () => number;
  sleep: Sleep;
}

export const sleep: Sleep = async (ms, signal) => {
  try {
    await timer(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
};

/** Whether the same request may do better later: nothing was changed, and nothing is wrong with it. */
export function isPassing(error: unknown): error is SignpostClientError {
  return error instanceof UnavailableError || error instanceof RateLimitedError || error instanceof TooEarlyError;
}

/**
 * Tries until it succeeds, fails for good, or the tries are used up. Only for what may be done twice.
 *
 * @throws what the last try threw, or the reason of `signal`
 */
export async function withRetries<T>(policy: RetryPolicy, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || tries >= policy.tries) throw error;
      // Asking earlier than it wants would only make it worse, so the caller decides.
      if ((error.retryAfterMs ?? 0) > policy.maxRetryAfterMs) throw error;
      await policy.sleep(pauseAfter(policy, error, tries), signal);
    }
  }
}

/**
 * Full jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015): clients that failed together do not come back together. What
 * the producer asked for comes first, since it told all of them the same.
 */
export function pauseAfter(
  { firstPauseMs, longestPauseMs, random }: RetryPolicy,
  error: SignpostClientError,
  failures: number,
): number {
  const ceiling = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
  return (error.retryAfterMs ?? 0) + Math.round(random() * ceiling);
}
