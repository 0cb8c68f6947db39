import type { Auth } from './auth.js';
import { InvalidArgumentError } from './errors.js';
import { type RetryPolicy, sleep, type Sleep } from './retries.js';

/** Limits and repetitions of the client; the defaults suit most. */
export interface ClientTuning {
  /** Whole time of one try, in ms; the wait of a long poll comes on top. Default 30,000. */
  timeoutMs?: number;
  /** Size of a page or a batch of events, in bytes. Default 64 MiB. */
  maxPageBytes?: number;
  /** Size of any other answer, a single event for one, in bytes. Default 16 MiB. */
  maxEventBytes?: number;
  /** Size of an answer's headers, in bytes. Default 16 KiB. */
  maxHeaderBytes?: number;
  /** Connections to the producer, at most; further calls wait for one. Default 8. */
  connections?: number;
  /** How often a call that may be repeated is tried. Default 4. */
  tries?: number;
  /** The first wait between two tries is a random time up to this, each later one up to twice as long, in ms. Default 250. */
  firstPauseMs?: number;
  /** Longest wait between two tries, in ms; but for what the producer asks for. Default 10,000. */
  longestPauseMs?: number;
  /** A call fails at once if the producer asks to be left alone for longer than this (`Retry-After`), in ms. Default 60,000. */
  maxRetryAfterMs?: number;
  /** Unix milliseconds; tests own it. Default `Date.now`. */
  now?: () => number;
  /** In [0, 1); tests own it. Default `Math.random`. */
  random?: () => number;
  /** Waits; tests own it. Default a timer. */
  sleep?: Sleep;
}

/** Where the fetch API is, the credential, and the limits. */
export type SignpostClientOptions = {
  /**
   * Base URL of the producer's fetch API, such as `https://events.example.com`, with a path if a proxy wants one. From your configuration,
   * never from a signal. Plain `http` shows credential and payloads on the way: for loopback, or a network that encrypts by itself.
   */
  url: string;
} & Auth &
  ClientTuning;

/** Tuning with every default filled in. */
export interface ResolvedTuning extends RetryPolicy {
  timeoutMs: number;
  maxPageBytes: number;
  maxEventBytes: number;
  maxHeaderBytes: number;
  connections: number;
  now: () => number;
}

const MIB = 1_024 * 1_024;
/** What a timer can hold. */
const LONGEST_MS = 2 ** 31 - 1;

/** @throws InvalidArgumentError */
export function resolveTuning(tuning: ClientTuning): ResolvedTuning {
  return {
    timeoutMs: ms('timeoutMs', tuning.timeoutMs, 30_000, 1),
    maxPageBytes: whole('maxPageBytes', tuning.maxPageBytes, 64 * MIB),
    maxEventBytes: whole('maxEventBytes', tuning.maxEventBytes, 16 * MIB),
    maxHeaderBytes: whole('maxHeaderBytes', tuning.maxHeaderBytes, 16 * 1_024),
    connections: whole('connections', tuning.connections, 8),
    tries: whole('tries', tuning.tries, 4),
    firstPauseMs: ms('firstPauseMs', tuning.firstPauseMs, 250),
    longestPauseMs: ms('longestPauseMs', tuning.longestPauseMs, 10_000),
    maxRetryAfterMs: ms('maxRetryAfterMs', tuning.maxRetryAfterMs, 60_000),
    now: tuning.now ?? Date.now,
    random: tuning.random ?? Math.random,
    sleep: tuning.sleep ?? sleep,
  };
}

function ms(name: string, value: number | undefined, byDefault: number, least = 0): number {
  if (value === undefined) return byDefault;
  if (value >= least && value <= LONGEST_MS) return value;
  throw new InvalidArgumentError(name, `must be milliseconds, from ${least} to ${LONGEST_MS}`);
}

function whole(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError(name, 'must be a whole number from 1');
}
