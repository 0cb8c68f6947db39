import { ProblemException } from '../../http/problem-exception.js';

const MS_PER_SECOND = 1_000;

/** Whole seconds, 1 at least: a client that waits for less would come too early (RFC 9110 §10.2.3). */
export function secondsOf(ms: number): number {
  return Math.max(Math.ceil(ms / MS_PER_SECOND), 1);
}

/** 429 that says when to come again. */
export function tooMany(detail: string, waitMs: number): ProblemException {
  return new ProblemException('rate_limited', detail, { headers: { 'retry-after': String(secondsOf(waitMs)) } });
}
