import { GivenClock, ServerClock, type DatabaseClock } from '../database/postgres-clock.js';
import { isEventTypePattern } from '../protocol/event-type.js';
import type { PolicyProvider } from './access/policy.js';
import { DEFAULT_POLICY_TIMEOUT_MS } from './access/read-policy.js';
import { activationDelayMs, jwksCacheMs, LONGEST_TOKEN_LIFETIME_MS } from './access/signing-key-times.js';
import { DEFAULT_CONFIRM_SCHEDULE, DEFAULT_RETRY_SCHEDULE } from './dispatch/policy.js';
import type { CurrentView } from './fetch-api/current-view.js';
import { checkedIssuers } from './issuer-validation.js';
import { DEFAULT_LIMITS, type LimitOptions } from './limits/limit-options.js';
import { SignpostOptionsError } from './options-error.js';
import type {
  DispatchOptions,
  IssuerOptions,
  OAuthOptions,
  SigningKeyOptions,
  SignpostOptions,
} from './signpost-options.js';
import { DEFAULT_MAX_PER_RECEIVER, DEFAULT_VERIFY_WITHIN_MS } from './subscriptions/endpoint-settings.js';

export { SignpostOptionsError };

/** Dispatch settings with every default filled in. */
export type ResolvedDispatch = Required<DispatchOptions>;

/** Options with every default filled in. */
export interface ResolvedOptions extends Required<
  Omit<
    SignpostOptions,
    | 'dispatch'
    | 'targets'
    | 'fetchApi'
    | 'endpoints'
    | 'postgres'
    | 'signingKeys'
    | 'oauth'
    | 'issuers'
    | 'identify'
    | 'policy'
  >
> {
  dispatch: ResolvedDispatch;
  /** Whether this process runs the loop. */
  dispatching: boolean;
  targets: { allow: readonly string[]; allowedPorts: readonly number[] };
  fetchApi: { maxWaitMs: number };
  signingKeys: Required<SigningKeyOptions>;
  endpoints: { maxPerReceiver: number; verifyWithinMs: number };
  oauth: Required<OAuthOptions>;
  issuers: readonly IssuerOptions[];
  identify: SignpostOptions['identify'];
  postgres: { poolSize: number; listenUrl: string | undefined; partitions: number };
  policy: PolicyProvider | undefined;
  /** What `now` is taken from. */
  clock: DatabaseClock;
}

const DAY = 86_400_000;
/** A token says its end in seconds. */
const SHORTEST_TOKEN_LIFETIME_MS = 1_000;
const LARGEST_POOL = 100;
const MOST_PARTITIONS = 1_000;
const MOST_PER_RECEIVER = 10_000;
const MOST_REQUESTS = 1_000_000_000;

/** Checks once, at start. @throws SignpostOptionsError */
export function resolveOptions(options: SignpostOptions, onPostgres = false): ResolvedOptions {
  if (typeof options?.masterKey !== 'string') {
    throw new SignpostOptionsError('masterKey', 'is required: 32 bytes in base64 (openssl rand -base64 32)');
  }
  const dispatch = options.dispatch === false ? {} : (options.dispatch ?? {});
  const clock = options.now || !onPostgres ? new GivenClock(options.now ?? Date.now) : new ServerClock();
  const signalTimeoutMs = positive('dispatch.signalTimeoutMs', dispatch.signalTimeoutMs, 15_000);
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1:3000';
  return {
    masterKey: options.masterKey,
    previousMasterKeys: options.previousMasterKeys ?? [],
    publicUrl,
    retentionMs: positive('retentionMs', options.retentionMs, 30 * DAY),
    keepAccessMs: positive('keepAccessMs', options.keepAccessMs, 90 * DAY),
    limits: resolveLimits(options.limits ?? {}),
    confirm: options.confirm ?? 'fetch',
    clock,
    now: () => clock.now(),
    random: options.random ?? Math.random,
    targets: { allow: options.targets?.allow ?? [], allowedPorts: options.targets?.allowedPorts ?? [443, 8443] },
    policy: policy(options.policy),
    policyTimeoutMs: positive('policyTimeoutMs', options.policyTimeoutMs, DEFAULT_POLICY_TIMEOUT_MS),
    currentViews: currentViews(options.currentViews ?? []),
    currentViewTimeoutMs: positive('currentViewTimeoutMs', options.currentViewTimeoutMs, 5_000),
    fetchApi: { maxWaitMs: positive('fetchApi.maxWaitMs', options.fetchApi?.maxWaitMs, 30_000) },
    signingKeys: {
      jwksCacheMs: positive('signingKeys.jwksCacheMs', options.signingKeys?.jwksCacheMs, jwksCacheMs()),
      activationDelayMs: positive(
        'signingKeys.activationDelayMs',
        options.signingKeys?.activationDelayMs,
        activationDelayMs(options.signingKeys),
      ),
    },
    endpoints: {
      maxPerReceiver: whole(
        'endpoints.maxPerReceiver',
        options.endpoints?.maxPerReceiver,
        DEFAULT_MAX_PER_RECEIVER,
        MOST_PER_RECEIVER,
      ),
      verifyWithinMs: positive('endpoints.verifyWithinMs', options.endpoints?.verifyWithinMs, DEFAULT_VERIFY_WITHIN_MS),
    },
    issuers: checkedIssuers(options.issuers, publicUrl),
    identify: options.identify,
    oauth: { tokenLifetimeMs: tokenLifetime(options.oauth?.tokenLifetimeMs) },
    postgres: {
      poolSize: whole('postgres.poolSize', options.postgres?.poolSize, 4, LARGEST_POOL),
      listenUrl: options.postgres?.listenUrl,
      partitions: whole('postgres.partitions', options.postgres?.partitions, 1, MOST_PARTITIONS),
    },
    dispatching: options.dispatch !== false,
    dispatch: {
      retrySchedule: schedule('dispatch.retrySchedule', dispatch.retrySchedule, DEFAULT_RETRY_SCHEDULE),
      confirmSchedule: schedule('dispatch.confirmSchedule', dispatch.confirmSchedule, DEFAULT_CONFIRM_SCHEDULE),
      signalTimeoutMs,
      disableAfterMs: positive('dispatch.disableAfterMs', dispatch.disableAfterMs, 5 * DAY),
      leaseMs: Math.max(positive('dispatch.leaseMs', dispatch.leaseMs, 60_000), 4 * signalTimeoutMs),
      claimBatch: positive('dispatch.claimBatch', dispatch.claimBatch, 500),
      maxInFlight: positive('dispatch.maxInFlight', dispatch.maxInFlight, 1_024),
      pollIntervalMs: positive('dispatch.pollIntervalMs', dispatch.pollIntervalMs, 1_000),
      keepAttemptsMs: positive('dispatch.keepAttemptsMs', dispatch.keepAttemptsMs, 30 * DAY),
    },
  };
}

function resolveLimits({ perCredential, rateLimiter, ...limits }: LimitOptions): LimitOptions {
  const count = (option: Exclude<keyof typeof DEFAULT_LIMITS, 'perCredential'>) =>
    limits[option] === false ? false : whole(`limits.${option}`, limits[option], DEFAULT_LIMITS[option], MOST_REQUESTS);
  const { requests, perMs } = DEFAULT_LIMITS.perCredential;
  return {
    perCredential: perCredential !== false && {
      requests: whole('limits.perCredential.requests', perCredential?.requests, requests, MOST_REQUESTS),
      perMs: positive('limits.perCredential.perMs', perCredential?.perMs, perMs),
    },
    ...(rateLimiter ? { rateLimiter } : {}),
    unauthorizedPerMinute: count('unauthorizedPerMinute'),
    missesPerMinute: count('missesPerMinute'),
    waitsPerCredential: count('waitsPerCredential'),
  };
}

function positive(option: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!Number.isFinite(value) || value <= 0)
    throw new SignpostOptionsError(option, `must be a number above 0, not ${value}`);
  return value;
}

function tokenLifetime(value: number | undefined): number {
  const lifetime = positive('oauth.tokenLifetimeMs', value, LONGEST_TOKEN_LIFETIME_MS);
  if (lifetime >= SHORTEST_TOKEN_LIFETIME_MS && lifetime <= LONGEST_TOKEN_LIFETIME_MS) return lifetime;
  const range = `${SHORTEST_TOKEN_LIFETIME_MS} to ${LONGEST_TOKEN_LIFETIME_MS} ms`;
  throw new SignpostOptionsError('oauth.tokenLifetimeMs', `must be ${range}, not ${lifetime}`);
}

function whole(option: string, value: number | undefined, byDefault: number, most: number): number {
  if (value === undefined) return byDefault;
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new SignpostOptionsError(option, `must be a whole number from 1 to ${most}, not ${value}`);
  }
  return value;
}

function schedule(
  option: string,
  value: readonly number[] | undefined,
  byDefault: readonly number[],
): readonly number[] {
  if (value === undefined) return byDefault;
  if (value.length === 0 || value.some((wait) => !Number.isFinite(wait) || wait <= 0)) {
    throw new SignpostOptionsError(option, 'must list at least one wait, each above 0 ms');
  }
  return value;
}

/** A misspelt method would be a policy that admits everything. */
function policy(given: PolicyProvider | undefined): PolicyProvider | undefined {
  if (given === undefined) return undefined;
  const { canRead, project } = given;
  const asks = [canRead, project].filter((method) => method !== undefined);
  if (asks.length === 0 || asks.some((method) => typeof method !== 'function')) {
    throw new SignpostOptionsError('policy', 'must have a method canRead, or project, or both');
  }
  return given;
}

function currentViews(given: readonly CurrentView[]): readonly CurrentView[] {
  const patterns = new Set<string>();
  for (const [index, view] of given.entries()) {
    const option = `currentViews[${index}]`;
    if (typeof view.resolve !== 'function') throw new SignpostOptionsError(option, 'must have a method resolve');
    if (view.types.length === 0) throw new SignpostOptionsError(`${option}.types`, 'must name at least one event type');
    positive(`${option}.retryAfterMs`, view.retryAfterMs, 1_000);
    for (const pattern of view.types) {
      if (!isEventTypePattern(pattern)) {
        throw new SignpostOptionsError(
          `${option}.types`,
          `must hold event types such as invoice.paid, prefixes such as invoice.*, or *, not ${pattern}`,
        );
      }
      if (patterns.has(pattern)) {
        throw new SignpostOptionsError(`${option}.types`, `names ${pattern}, which has a resolver already; keep one`);
      }
      patterns.add(pattern);
    }
  }
  return given;
}
