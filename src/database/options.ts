/** Time, injected so that waiting can be tested without waiting. */
export interface TurnsClock {
  /** Milliseconds, monotonic. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface SqliteTurnsOptions {
  /** How long a unit of work waits for its turn before `TurnTimeoutError`, in milliseconds (default 30,000). */
  turnTimeoutMs?: number;
  /** How long a file that another process holds locked is tried again before `DatabaseLockedError`, in milliseconds (default 5,000). */
  lockTimeoutMs?: number;
  /** How many engine steps share one COMMIT at most (default 1,000). */
  maxGroupSteps?: number;
  /** After how many milliseconds of work a group of engine steps is committed, so that others get their turn (default 20). */
  maxGroupMs?: number;
  /** Where time comes from (default: the process's monotonic clock and timers). */
  clock?: TurnsClock;
  /** Chance in [0, 1), for the jitter between lock attempts (default `Math.random`). */
  random?: () => number;
}

export type TurnSettings = Required<SqliteTurnsOptions>;

const processClock: TurnsClock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export function turnSettings(options: SqliteTurnsOptions = {}): TurnSettings {
  return {
    turnTimeoutMs: options.turnTimeoutMs ?? 30_000,
    lockTimeoutMs: options.lockTimeoutMs ?? 5_000,
    maxGroupSteps: options.maxGroupSteps ?? 1_000,
    maxGroupMs: options.maxGroupMs ?? 20,
    clock: options.clock ?? processClock,
    random: options.random ?? Math.random,
  };
}
