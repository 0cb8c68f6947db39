import { InvalidArgumentError } from './errors.js';

/** What is asked of the feed. */
export interface FeedQuery {
  /** A cursor: what comes after it. `now`: from the end of the log. Null or left out: from the oldest event that is there. */
  after?: string | null | undefined;
  /** Events of one page at most, 1 to 1,000. Default 100. */
  limit?: number | undefined;
  /** Only these: exact types, `prefix.*` or `*`. It narrows what comes, not what `after` acknowledges. Default all. */
  types?: readonly string[] | undefined;
  /** False: read without acknowledging anything. Default true. */
  ack?: boolean | undefined;
  /** Breaks the reading off. */
  signal?: AbortSignal | undefined;
}

/** Which page of the feed, and how long to wait for it. */
export interface PageQuery extends FeedQuery {
  /** If nothing is there, the answer waits for the first event or for this time, in whole seconds, 0 to 30. Default 0. */
  waitSeconds?: number | undefined;
}

const LONGEST_WAIT_SECONDS = 30;

/** @throws InvalidArgumentError for what would not come to the producer as it is meant */
export function feedParameters({ after, limit, types, ack, waitSeconds = 0 }: PageQuery): URLSearchParams {
  const query = new URLSearchParams();
  if (after === '') throw new InvalidArgumentError('after', 'is empty; leave it out to begin at the oldest event');
  if (after !== undefined && after !== null) query.set('after', after);
  if (limit !== undefined) query.set('limit', String(limit));
  if (types !== undefined) {
    // Sent, it would be no choice at all: every type.
    if (types.length === 0) throw new InvalidArgumentError('types', 'is empty; leave it out for all types');
    query.set('types', types.join(','));
  }
  if (!Number.isInteger(waitSeconds) || waitSeconds < 0 || waitSeconds > LONGEST_WAIT_SECONDS) {
    throw new InvalidArgumentError('waitSeconds', `must be whole seconds, 0 to ${LONGEST_WAIT_SECONDS}`);
  }
  if (waitSeconds > 0) query.set('wait', String(waitSeconds));
  if (ack === false) query.set('ack', 'false');
  return query;
}
