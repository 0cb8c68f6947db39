import type { FeedPage } from './answers.js';
import type { ApiCalls } from './api-calls.js';
import type { SignpostClientError } from './errors.js';
import type { FeedQuery, PageQuery } from './feed-query.js';
import { isPassing, pauseAfter } from './retries.js';

/** Where the iteration begins, what it leaves out, and whether it waits at the end. */
export interface FollowQuery extends FeedQuery {
  /** False: end at the head of the log. Default true: go on for ever, with what is published meanwhile. */
  follow?: boolean | undefined;
  /** How long one request waits at the head for the next event, in whole seconds, 0 to 30. Default 20. */
  waitSeconds?: number | undefined;
  /**
   * Called each time that the producer cannot be reached after it could be, or asks to be left alone; following goes on all the same, with growing
   * pauses of a minute at most.
   */
  onUnavailable?: ((error: SignpostClientError) => unknown) | undefined;
}

const WAIT_SECONDS = 20;
/** A producer that answers at once, though there is nothing, is asked this often. */
const IDLE_MS = 1_000;
const LONGEST_OUTAGE_PAUSE_MS = 60_000;

/**
 * Pages of the feed one after the other. The next one is asked for when the consumer asks for it, and so says that it has what came before:
 * asking is the acknowledgement. Pages that bring nothing, neither events nor another place, are left out.
 */
export async function* feedPages<Event>(
  calls: ApiCalls,
  page: (query: PageQuery) => Promise<FeedPage<Event>>,
  query: FollowQuery,
): AsyncGenerator<FeedPage<Event>, void, undefined> {
  const { follow = true, waitSeconds = WAIT_SECONDS, onUnavailable, signal, ...rest } = query;
  const { now } = calls.tuning;
  let { after } = query;
  let reached = false;
  let failures = 0;
  while (!signal?.aborted) {
    const asked = now();
    let result: FeedPage<Event>;
    try {
      result = await page({ ...rest, after, signal, waitSeconds: follow ? waitSeconds : 0 });
    } catch (error) {
      if (signal?.aborted) return;
      // An address that never answered is as likely wrong as down: that must be seen.
      if (!follow || !reached || !isPassing(error)) throw error;
      failures += 1;
      onUnavailable?.(error);
      await pause(outagePause(calls, error, failures));
      continue;
    }
    reached = true;
    failures = 0;
    const moved = result.cursor !== after;
    const isEmpty = result.events.length === 0;
    after = result.cursor;
    if (moved || !isEmpty) yield result;
    if (isEmpty && !result.more) {
      if (!follow) return;
      await pause(Math.min(IDLE_MS - (now() - asked), IDLE_MS));
    }
  }

  async function pause(ms: number): Promise<void> {
    if (ms <= 0) return;
    try {
      await calls.pause(ms, signal);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }
}

function outagePause(calls: ApiCalls, error: SignpostClientError, failures: number): number {
  const { longestPauseMs } = calls.tuning;
  const policy = { ...calls.tuning, firstPauseMs: longestPauseMs, longestPauseMs: LONGEST_OUTAGE_PAUSE_MS };
  return pauseAfter(policy, error, failures);
}
