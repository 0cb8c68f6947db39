import { prepareSecret } from '../protocol/secrets.js';
import type {
  DrainOptions,
  HandlingOptions,
  RegistrationOptions,
  SignpostReceiverOptions,
  SigningOptions,
} from './receiver-options.js';

/** A setting of `SignpostReceiverModule` that it cannot run with; says which one and what would be right. */
export class SignpostReceiverOptionsError extends Error {
  readonly code = 'bad_options';

  constructor(option: string, fix: string, options?: ErrorOptions) {
    super(`SignpostReceiverModule: ${option} ${fix}`, options);
    this.name = 'SignpostReceiverOptionsError';
  }
}

/** Options with every default filled in. */
export interface ResolvedReceiverOptions {
  producer: SignpostReceiverOptions['producer'];
  signing: SigningOptions | undefined;
  register: RegistrationOptions | undefined;
  drain: Required<DrainOptions>;
  handling: Required<HandlingOptions>;
  retentionMs: number;
  now: () => number;
  random: () => number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONGEST_TIMER = 20 * DAY;

const DEFAULT_RETRY_SCHEDULE: readonly number[] = [
  SECOND,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
];

/** Checks once, at start. @throws SignpostReceiverOptionsError */
export function resolveReceiverOptions(options: SignpostReceiverOptions): ResolvedReceiverOptions {
  if (typeof options?.producer?.url !== 'string') {
    throw new SignpostReceiverOptionsError('producer.url', 'is required: where the fetch API is, such as https://…');
  }
  const drain: DrainOptions = options.drain === false ? { run: false } : (options.drain ?? {});
  const handling: HandlingOptions = options.handling === false ? { run: false } : (options.handling ?? {});
  return {
    producer: options.producer,
    signing: signing(options),
    register: options.register,
    drain: {
      run: drain.run ?? true,
      intervalMs: timer('drain.intervalMs', drain.intervalMs, MINUTE),
      pageSize: whole('drain.pageSize', drain.pageSize, 500, 1_000),
      whenExpired: oneOf('drain.whenExpired', drain.whenExpired, ['stop', 'oldest']),
      start: oneOf('drain.start', drain.start, ['oldest', 'now']),
    },
    handling: {
      run: handling.run ?? true,
      order: oneOf('handling.order', handling.order, ['subject', 'all', 'none']),
      concurrency: whole('handling.concurrency', handling.concurrency, 10, 1_000),
      retrySchedule: schedule('handling.retrySchedule', handling.retrySchedule),
      whenParked: oneOf('handling.whenParked', handling.whenParked, ['hold', 'pass']),
      leaseMs: timer('handling.leaseMs', handling.leaseMs, 30 * SECOND),
      pollIntervalMs: timer('handling.pollIntervalMs', handling.pollIntervalMs, 5 * SECOND),
    },
    retentionMs: positive('retentionMs', options.retentionMs, 30 * DAY),
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  };
}

function signing({ signing: given, register }: SignpostReceiverOptions): SigningOptions | undefined {
  if (!given) {
    if (register) return undefined;
    throw new SignpostReceiverOptionsError('signing.secret', 'is required: the whsec_… of the endpoint');
  }
  const secrets = [given.secret].flat();
  if (secrets.length === 0) throw new SignpostReceiverOptionsError('signing.secret', 'must hold at least one secret');
  try {
    secrets.forEach((secret) => prepareSecret(secret));
  } catch (cause) {
    throw new SignpostReceiverOptionsError('signing.secret', `cannot be used. ${messageOf(cause)}`, { cause });
  }
  return given;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'It must be text';
}

function positive(option: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isFinite(value) && value > 0) return value;
  throw new SignpostReceiverOptionsError(option, `must be a number above 0, not ${value}`);
}

/** A timer that is set to more than 2^31 - 1 ms rings at once, and again, and again. */
function timer(option: string, value: number | undefined, byDefault: number): number {
  const ms = positive(option, value, byDefault);
  if (ms <= LONGEST_TIMER) return ms;
  throw new SignpostReceiverOptionsError(option, `must be ${LONGEST_TIMER} ms (20 days) at most, not ${value}`);
}

function whole(option: string, value: number | undefined, byDefault: number, most: number): number {
  if (value === undefined) return byDefault;
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new SignpostReceiverOptionsError(option, `must be a whole number from 1 to ${most}, not ${value}`);
}

/** The first choice is the default. */
function oneOf<T extends string>(option: string, value: T | undefined, choices: readonly [T, ...T[]]): T {
  if (value === undefined) return choices[0];
  if (choices.includes(value)) return value;
  throw new SignpostReceiverOptionsError(option, `must be one of ${choices.join(', ')}, not ${value}`);
}

function schedule(option: string, value: readonly number[] | undefined): readonly number[] {
  if (value === undefined) return DEFAULT_RETRY_SCHEDULE;
  if (value.every((wait) => Number.isFinite(wait) && wait >= 0)) return value;
  throw new SignpostReceiverOptionsError(option, 'must list waits in ms, each 0 or more; an empty list parks at once');
}
