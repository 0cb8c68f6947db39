import type { Position } from '../log/event-store.js';

/** Tells a long poll when to look again. */
export abstract class LogWatcher {
  /**
   * Resolves when the tenant's log may have grown beyond `after`, after `timeoutMs`, or when `signal` is aborted, whichever comes first. May resolve
   * early; resolves at once if the log is known to be further already. Never rejects.
   */
  abstract waitForAppend(tenant: string, after: Position, timeoutMs: number, signal: AbortSignal): Promise<void>;
}
