import type { Auth } from './client/auth.js';
import type { Secret } from '../protocol/secrets.js';

/** The service that signals come from and events are read from. */
export type ProducerOptions = {
  /** Base URL of its fetch API, such as `https://events.example.com`. Never taken from a signal. */
  url: string;
} & Auth;

/** How the events of a producer are ordered while they are handled. */
export type HandlingOrder = 'none' | 'subject' | 'all';

/** How events are handled. */
export interface HandlingOptions {
  /** `false`: this process runs no handlers by itself (another one does, or `handleOnce()`). Default true. */
  run?: boolean;
  /** `subject`: events of one subject one after the other, in log order; `all`: all of them; `none`: as they come. Default `subject`. */
  order?: HandlingOrder;
  /** Handlers that run at the same time on this node. Transactions of a SQLite database take turns all the same. Default 10. */
  concurrency?: number;
  /** Waits after a handler threw, in ms; after the last one the event is parked. Default: 1 s, 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h, 24 h. */
  retrySchedule?: readonly number[];
  /** What a parked event does to the later ones of its order: `hold` them until somebody decides, or let them `pass`. Default `hold`. */
  whenParked?: 'hold' | 'pass';
  /** Time after which another worker may take over the event of a crashed one, in ms; renewed while the handler runs. Default 30,000. */
  leaseMs?: number;
  /** Longest sleep between two looks at the inbox when nothing wakes the worker, in ms. Default 5,000. */
  pollIntervalMs?: number;
}

/** How the feed is read. */
export interface DrainOptions {
  /** `false`: this process does not read the feed by itself (another one does, or `drainOnce()`). Default true. */
  run?: boolean;
  /** Reads the feed this often even if no signal arrives, in ms. Default 60,000. */
  intervalMs?: number;
  /** Events of one page, 1 to 1,000. Default 500. */
  pageSize?: number;
  /** When the stored cursor fell out of the producer's retention: `stop` until somebody decides, or go on from the `oldest`. Default `stop`. */
  whenExpired?: 'stop' | 'oldest';
  /** Where the very first drain begins. Default `oldest`. */
  start?: 'oldest' | 'now';
}

/** What signals are verified with. */
export interface SigningOptions {
  /** `whsec_…` or `whpk_…`; several while a secret is being replaced. */
  secret: Secret | readonly Secret[];
  /** How far the time of a signal may be from now, in seconds. Default 300. */
  toleranceSeconds?: number;
}

/** Makes the endpoint of this receiver at start, through the producer's self-service API; the credential needs the scope `endpoints:write`. */
export interface RegistrationOptions {
  /** The public URL of this module's route. */
  url: string;
  /** What to be signalled about. Default: the types and prefixes that have handlers of their own; `*` if none has. */
  eventTypes?: readonly string[];
  /** Seals the endpoint's secret at rest, where the credential is an `accessToken` function: long random text. Others are sealed under the credential. */
  sealingKey?: string;
}

/** What `SignpostReceiverModule` is told; every setting has its default in its comment. */
export interface SignpostReceiverOptions {
  producer: ProducerOptions;
  /** What signals are verified with. Required, unless `register` makes the endpoint and keeps its secret. */
  signing?: SigningOptions;
  register?: RegistrationOptions;
  /** `false` is short for `{ run: false }`. */
  drain?: DrainOptions | false;
  /** `false` is short for `{ run: false }`. */
  handling?: HandlingOptions | false;
  /** Handled and discarded events are kept for this long, to recognise repeats, in ms; not less than the producer's retention. Default 30 days. */
  retentionMs?: number;
  /** Unix milliseconds; tests own it. Default `Date.now`. */
  now?: () => number;
  /** In [0, 1); tests own it. Default `Math.random`. */
  random?: () => number;
}

/** Injection token of the validated options, defaults filled in. */
export const RECEIVER_OPTIONS = Symbol('RECEIVER_OPTIONS');
/** Injection token of the `InboxStore`. */
export const INBOX_STORE = Symbol('INBOX_STORE');
/** Injection token of the TypeORM `DataSource` that the inbox lives in. */
export const RECEIVER_DATA_SOURCE = Symbol('RECEIVER_DATA_SOURCE');
