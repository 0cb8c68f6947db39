import type { PolicyProvider } from './access/policy.js';
import type { CredentialScope } from './access/scopes.js';
import type { CurrentView } from './fetch-api/current-view.js';
import type { LimitOptions } from './limits/limit-options.js';
import type { ConfirmMode } from './subscriptions/endpoint-settings.js';

/** Settings of the dispatching loop. */
export interface DispatchOptions {
  /** Waits between attempts of a failing signal, in ms; the last one repeats. Default: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
  retrySchedule?: readonly number[];
  /** Waits until an acknowledged signal whose events were not fetched is signalled again, in ms. Default: 5 min, 30 min, 2 h, then as the retry schedule from 5 h. */
  confirmSchedule?: readonly number[];
  /** Whole time that one attempt may take, in ms. Default 15,000. */
  signalTimeoutMs?: number;
  /** An endpoint without one success for this long is disabled, in ms. Default 5 days. */
  disableAfterMs?: number;
  /** Time after which another node may take over a claimed endpoint, in ms. Default 60,000, and at least four times the signal timeout. */
  leaseMs?: number;
  /** Endpoints claimed in one step. Default 500. */
  claimBatch?: number;
  /** Signals in flight over all endpoints. Default 1,024. */
  maxInFlight?: number;
  /** Longest sleep between two looks at the log when nothing wakes the loop, in ms. Default 1,000. */
  pollIntervalMs?: number;
  /** Attempts are kept in the attempt log for this long, in ms. Default 30 days. */
  keepAttemptsMs?: number;
}

/** Where signals may go. */
export interface TargetOptions {
  /** CIDR blocks that may be signalled besides public addresses, plain http included. Default none. */
  allow?: readonly string[];
  /** Ports of public targets. Default 443 and 8443. */
  allowedPorts?: readonly number[];
}

/** Settings for PostgreSQL; on SQLite they mean nothing. */
export interface PostgresOptions {
  /** Connections of the engine's own pool, beside the DataSource's, and beside one on which it listens. Default 4. */
  poolSize?: number;
  /** Where to listen for notifications, when the DataSource connects through a pooler in transaction mode: the database itself. Default: as the DataSource. */
  listenUrl?: string;
  /** Partitions of the log, 1 to 1,000, for tenants that are new; those that are there keep theirs. The same on every node. Default 1. */
  partitions?: number;
}

/** Settings of endpoints that receivers make for themselves, and of the proof that a URL is theirs. */
export interface EndpointOptions {
  /** Endpoints that a receiver may make for itself. Default 50. */
  maxPerReceiver?: number;
  /** An endpoint whose URL is not proved within this time is disabled, in ms. Default 24 h. */
  verifyWithinMs?: number;
}

/** Settings of the fetch API. */
export interface FetchApiOptions {
  /** Longest long poll that a receiver may ask for, in ms. Default 30,000. */
  maxWaitMs?: number;
}

/** The installation's own keys. */
export interface SigningKeyOptions {
  /** How long others may keep the keys of `/.well-known/jwks.json`, in ms. Default 10 minutes. */
  jwksCacheMs?: number;
  /** Time between the publication of a new key and its first signature, in ms. Default: `jwksCacheMs` and 5 minutes. */
  activationDelayMs?: number;
}

/** Access tokens of our own. */
export interface OAuthOptions {
  /** How long an access token is good, in ms; 10 minutes at most. Default 10 minutes. */
  tokenLifetimeMs?: number;
}

/** An issuer of the operator's own whose access tokens open the fetch API. */
export interface IssuerOptions {
  /** `iss` of its tokens, to the letter. */
  issuer: string;
  /** `aud` of tokens that are meant for this API, one of them. */
  audience: string | readonly string[];
  /** Where its public keys are (a JSON Web Key Set): an https URL, or http on a loopback address. */
  jwksUrl: string;
  /** Claim that holds the id of the receiver (`rcv_…`). Default `sub`. */
  receiverClaim?: string;
  /** Claim that holds the scopes, with spaces between them or as a list; what is no scope here is passed over. Default `scope`. */
  scopesClaim?: string;
  /** Algorithms that its tokens may be signed with, asymmetric ones only. Default: RS, PS and ES with 256, 384 or 512, and EdDSA. */
  algorithms?: readonly string[];
  /** Takes the keys over http from anywhere, for development. Default `false`. */
  allowHttp?: boolean;
}

/** The receiver that a request comes from, as the application knows it. */
export interface ReceiverIdentity {
  /** `rcv_…`; one that does not exist is refused like a bad credential. */
  receiver: string;
  /** What it may do. Default `['events:read']`. */
  scopes?: readonly CredentialScope[];
  /** Patterns that narrow what the receiver may read. Default `['*']`. */
  types?: readonly string[];
  /** Who it is to the application, for the audit log. Default: nothing. */
  id?: string;
}

/** What `SignpostModule` is told; every setting has its default in its comment. */
export interface SignpostOptions {
  /** 32 bytes in base64: seals endpoint secrets and URLs at rest. Required. */
  masterKey: string;
  /** Further master keys, 32 bytes in base64 each: they open what was sealed under them, and seal nothing. For a rotation. Default none. */
  previousMasterKeys?: readonly string[];
  /** Where receivers reach the fetch API; the `source` of CloudEvents. Default `http://127.0.0.1:3000`. */
  publicUrl?: string;
  /** Events are readable for this long, in ms. Default 30 days. */
  retentionMs?: number;
  /** Rows of the audit (reads, denials, changes) are kept for this long, in ms. Default 90 days. */
  keepAccessMs?: number;
  targets?: TargetOptions;
  /** `false`: this process signals nothing (another one does). */
  dispatch?: DispatchOptions | false;
  fetchApi?: FetchApiOptions;
  signingKeys?: SigningKeyOptions;
  endpoints?: EndpointOptions;
  oauth?: OAuthOptions;
  /** Issuers whose access tokens are taken beside our own. Default none. */
  issuers?: readonly IssuerOptions[];
  /**
   * Says which receiver a request to the fetch API comes from that shows no credential of ours: neither an API key nor a token, ours or of one
   * of the `issuers`. Gets the framework's own request; called again during a long poll. Null: nobody, 401. Default: nobody.
   */
  identify?(request: object): ReceiverIdentity | null | undefined | Promise<ReceiverIdentity | null | undefined>;
  postgres?: PostgresOptions;
  limits?: LimitOptions;
  /** The application's say in who may read what, asked whenever an event is read. Default none. */
  policy?: PolicyProvider;
  /** Longest time that the policy takes for one event, in ms; then nothing is served (503). Default 5,000. */
  policyTimeoutMs?: number;
  /** Resolvers of `?view=current`, by event type; of several that match, the most specific one answers. Default none. */
  currentViews?: readonly CurrentView[];
  /** Longest time that a resolver of `currentViews` takes, in ms; then the answer is 503. Default 5,000. */
  currentViewTimeoutMs?: number;
  /** Default of endpoints that do not say: what counts as delivered. Default `fetch`. */
  confirm?: ConfirmMode;
  /** Unix milliseconds; tests own it. Default: `Date.now` on SQLite, the database's time on PostgreSQL. */
  now?: () => number;
  /** In [0, 1); tests own it. Default `Math.random`. */
  random?: () => number;
}

/** Injection token of the validated `SignpostOptions`, defaults filled in. */
export const SIGNPOST_OPTIONS = Symbol('SIGNPOST_OPTIONS');
/** Injection token of the `ProducerDatabase`. */
export const PRODUCER_DATABASE = Symbol('PRODUCER_DATABASE');
/** Injection token of the `EventStore`. */
export const EVENT_STORE = Symbol('EVENT_STORE');
/** Injection token of the `ProgressStore`. */
export const PROGRESS_STORE = Symbol('PROGRESS_STORE');
/** Injection token of the `DispatchStore`. */
export const DISPATCH_STORE = Symbol('DISPATCH_STORE');
/** Injection token of the TypeORM `DataSource` that Signpost lives in. */
export const SIGNPOST_DATA_SOURCE = Symbol('SIGNPOST_DATA_SOURCE');
