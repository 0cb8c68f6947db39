import { DatabaseLockedError, isBusy } from './errors.js';
import type { TurnSettings } from './options.js';

/** First and longest pause between two attempts at a lock that another process holds, in milliseconds. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** Exponential with jitter, so that two processes that wait for each other do not stay in step. */
export function lockPauseMs(attempt: number, random: () => number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + random() / 2);
}

export const pause = (settings: TurnSettings, ms: number): Promise<void> =>
  new Promise((resolve) => settings.clock.setTimeout(resolve, ms));

/**
 * Runs `attempt` until it does not meet another process's lock, for `lockTimeoutMs` at most. SQLite's own busy timeout
 * would wait inside the call and stop the event loop; this waits outside. Between attempts only `probe` touches the
 * lock, so that an attempt that logs and informs subscribers does so once, not at every try.
 */
export async function untilUnlocked<T>(
  settings: TurnSettings,
  attempt: () => T | Promise<T>,
  probe?: () => void,
): Promise<T> {
  let lockedSince: number | undefined;
  for (let tries = 0; ; tries++) {
    try {
      if (lockedSince !== undefined) probe?.();
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const now = settings.clock.now();
      lockedSince ??= now;
      if (now - lockedSince >= settings.lockTimeoutMs) {
        throw new DatabaseLockedError(
          `Another process held the database file locked for ${Math.round(now - lockedSince)} ms`,
          { cause: error },
        );
      }
    }
    await pause(settings, lockPauseMs(tries, settings.random));
  }
}
