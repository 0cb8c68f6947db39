const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Every delay varies by this much, so that endpoints which failed together do not come back together. */
const JITTER = 0.2;

const LONG_WAITS = [5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY];

export const DEFAULT_RETRY_SCHEDULE = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  ...LONG_WAITS,
];
export const DEFAULT_CONFIRM_SCHEDULE = [5 * MINUTE, 30 * MINUTE, 2 * HOUR, ...LONG_WAITS];

/** When to try again, when to remind, when to give up. All in ms. */
export interface DispatchPolicy {
  retrySchedule: readonly number[];
  confirmSchedule: readonly number[];
  disableAfterMs: number;
  leaseMs: number;
}

/** The `step`-th wait of a schedule (0 is the first), with jitter; the last one repeats. */
export function delay(schedule: readonly number[], step: number, random: () => number): number {
  const wait = schedule[Math.min(step, schedule.length - 1)] ?? DAY;
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random()));
}
