import type { PolicyEvent, PolicyReceiver } from '../access/policy.js';

/**
 * A resource as it is now. `gone`: there is no such thing any more. `not-yet`: the change that the event tells of cannot be seen from here yet
 * (a replica that lags, say), and what can be seen is older.
 */
export type CurrentState =
  | {
      /** Any JSON value. */
      readonly data: unknown;
      /** Of the resource, such as its revision or a time; shown to the receiver. */
      readonly version?: string | number;
    }
  | 'gone'
  | 'not-yet';

/** How the application answers `GET /v1/events/{id}?view=current` for some event types. */
export interface CurrentView {
  /** Exact types, `prefix.*`, or `*`. */
  readonly types: readonly string[];
  /** After how long a receiver should ask again where the answer is `not-yet`, in ms. Default 1,000. */
  readonly retryAfterMs?: number;
  /** Of the event's resource. `signal` aborts when the answer comes too late. */
  resolve(event: PolicyEvent, receiver: PolicyReceiver, signal: AbortSignal): CurrentState | Promise<CurrentState>;
}

/** A resolver threw, did not answer in time, or answered what cannot be served. */
export class CurrentViewError extends Error {
  readonly code = 'current_view_failed';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CurrentViewError';
  }
}
