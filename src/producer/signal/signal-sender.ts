import type { EndpointId, SignalId } from '../../protocol/ids.js';
import type { SignatureScheme } from '../../protocol/signature-schemes.js';
import type { AttemptResult, ErrorCategory } from './attempt.js';
import { categoryOfError } from './attempt-failure.js';
import { type Dial, GuardedDialer } from './guarded-connector.js';
import { type LaneSlot, type OriginLane, OriginLanes } from './origin-lanes.js';
import { type AttemptBudgets, SignalAttempt } from './signal-attempt.js';
import { signedHeaders } from './signal-headers.js';
import type { SignalKey, SigningSecret } from './signing-secrets.js';
import type { TargetGuard } from './target-guard.js';
import type { TargetUrl } from './target-url.js';

export type { AttemptOutcome, AttemptResult, ErrorCategory } from './attempt.js';
export type { Dial } from './guarded-connector.js';

/** One attempt to send a signal. */
export interface SignalRequest {
  readonly url: string;
  readonly id: SignalId;
  /** The bytes on the wire; text goes out as UTF-8. */
  readonly body: string | Buffer;
  /** Newest first. Those that are live when it is sent sign, all of them or, where there is room for one signature, in turn. */
  readonly secrets: readonly SigningSecret[];
  /** Default `standard`. */
  readonly signature?: SignatureScheme;
  /** The installation's own keys, where the scheme asks for them. */
  readonly signalKeys?: readonly SignalKey[];
  readonly endpoint?: EndpointId;
  /** 1 for the signal's first attempt, which is the default. */
  readonly attempt?: number;
  readonly traceparent?: string | undefined;
  /** The endpoint's own headers, checked with `checkCustomHeader`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What a 2xx answer must repeat, as JSON, or the attempt has failed: `challenge_failed`. Without it, answers' bodies are not looked at. */
  readonly challenge?: string | undefined;
  /** Gives the attempt up; its result is `aborted`. */
  readonly signal?: AbortSignal;
}

export interface SenderOptions {
  guard: TargetGuard;
  /** Of Signpost; shown in the `user-agent`. */
  version: string;
  /** Unix ms; signs with it. Default `Date.now`. */
  now?: () => number;
  /** Whole time of an attempt, in ms. Default 15,000. */
  totalTimeoutMs?: number;
  /** TCP and TLS, after DNS, in ms. Default 5,000. */
  connectTimeoutMs?: number;
  /** From the request to the response's headers, in ms. Default two thirds of the whole: 10,000. */
  headersTimeoutMs?: number;
  /** Size of the response's headers, in bytes. Default 16 KiB. */
  maxHeaderBytes?: number;
  /** What is read of a response's body before the connection is destroyed, in bytes. Default 4 KiB. */
  maxBodyBytes?: number;
  /** Attempts in flight over all origins. Default 1,024. */
  maxInFlight?: number;
  /** Attempts in flight to one origin, and connections to it. Default 4. */
  connectionsPerOrigin?: number;
  /** Origins with open connections. Default 2,000. */
  maxOrigins?: number;
  /** An origin without a signal for this long loses its connections, in ms. Default 60,000. */
  idleOriginMs?: number;
  /** Certificate authorities that are trusted in place of the well-known ones, PEM. Default none. */
  ca?: string | Buffer | (string | Buffer)[];
  /** Opens TCP connections to addresses that the guard has passed. Default `net.connect`. */
  dial?: Dial;
}

/** Verdicts on URLs that are kept; each is some 500 bytes. */
const MAX_KNOWN_TARGETS = 10_000;
const SLOWEST_SWEEP_MS = 100;

/**
 * Signs and sends. Each origin has its few slots and no more, whatever it does with them; what waits for an origin's slot holds none of
 * the common ones. Follows no redirect, decodes no content, keeps no cookie, and forgets what it reads.
 */
export class SignalSender {
  private readonly lanes: OriginLanes;
  private readonly budgets: AttemptBudgets;
  private readonly maxInFlight: number;
  private readonly now: () => number;
  private readonly userAgent: string;
  private readonly guard: TargetGuard;
  private readonly knownTargets = new Map<string, TargetUrl>();
  /** Waiting or in flight. */
  private readonly active = new Set<SignalAttempt>();
  /** Lanes where something waits and a slot is free, in turn. */
  private readonly ready = new Set<OriginLane>();
  private readonly watched = new WeakSet<AbortSignal>();
  private inFlight = 0;
  private pumping = false;
  private closed = false;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(options: SenderOptions) {
    const { guard, totalTimeoutMs = 15_000, connectTimeoutMs = 5_000, maxHeaderBytes = 16_384, ca, dial } = options;
    this.guard = guard;
    this.now = options.now ?? Date.now;
    this.userAgent = `Signpost/${options.version}`;
    this.maxInFlight = options.maxInFlight ?? 1_024;
    this.budgets = {
      totalTimeoutMs,
      connectTimeoutMs,
      headersTimeoutMs: options.headersTimeoutMs ?? (totalTimeoutMs * 2) / 3,
      maxHeaderBytes,
      maxBodyBytes: options.maxBodyBytes ?? 4_096,
    };
    const dialer = new GuardedDialer({
      guard,
      connectTimeoutMs,
      ...(ca === undefined ? {} : { ca }),
      ...(dial === undefined ? {} : { dial }),
    });
    this.lanes = new OriginLanes({
      connectionsPerOrigin: options.connectionsPerOrigin ?? 4,
      maxOrigins: options.maxOrigins ?? 2_000,
      idleOriginMs: options.idleOriginMs ?? 60_000,
      maxHeaderBytes,
      connector: () => dialer.connector(),
    });
  }

  /** Makes one attempt. Never rejects: a failure is a result. */
  send(request: SignalRequest): Promise<AttemptResult> {
    if (this.closed || request.signal?.aborted === true) return unsent('aborted');
    let target: TargetUrl;
    try {
      target = this.target(request.url);
    } catch (error) {
      return unsent(categoryOfError(error));
    }
    const lane = this.lanes.use(target.origin);
    if (lane.expectedWaitMs > this.budgets.totalTimeoutMs) return unsent('busy');
    const attempt = new SignalAttempt(request, target, this.budgets, this.now, this.onSlotFree);
    this.active.add(attempt);
    this.watch(request.signal);
    this.sweeper ??= setInterval(() => this.sweep(), this.sweepMs()).unref();
    if (lane.hasSlot && lane.waiting.size === 0 && this.inFlight < this.maxInFlight) {
      this.launch(attempt, lane);
    } else {
      lane.waiting.add(attempt);
      if (lane.hasSlot) this.ready.add(lane);
    }
    return attempt.result;
  }

  /** Whether an attempt to this URL would start at once. */
  hasCapacity(url: string): boolean {
    if (this.inFlight >= this.maxInFlight) return false;
    const lane = URL.canParse(url) ? this.lanes.find(new URL(url).origin) : undefined;
    return lane === undefined || (lane.hasSlot && lane.waiting.size === 0);
  }

  /** Gives up what is under way and closes every connection. Whoever wants attempts to end by themselves awaits them first. */
  async close(): Promise<void> {
    this.closed = true;
    for (const attempt of this.active) this.cancel(attempt);
    clearInterval(this.sweeper);
    this.sweeper = undefined;
    await this.lanes.close();
  }

  private launch(attempt: SignalAttempt, lane: OriginLane): void {
    const slot = lane.take();
    this.inFlight += 1;
    attempt.start(slot);
    const { request, target } = attempt;
    try {
      const headers = signedHeaders(request, target, this.userAgent, this.now());
      slot.client.dispatch({ path: target.path, method: 'POST', headers, body: request.body }, attempt);
    } catch (error) {
      attempt.failed(error);
    }
  }

  private readonly onSlotFree = (attempt: SignalAttempt, slot: LaneSlot): void => {
    const { lane } = slot;
    this.active.delete(attempt);
    this.inFlight -= 1;
    lane.release(slot, performance.now() - attempt.startedAt);
    if (lane.waiting.size > 0) this.ready.add(lane);
    if (this.ready.size === 0 || this.pumping) return;
    // Not at once: undici reports an end before it has put its own books in order.
    this.pumping = true;
    queueMicrotask(() => this.pump());
  };

  /** Fills free slots, one attempt per origin and turn. */
  private pump(): void {
    this.pumping = false;
    for (const lane of this.ready) {
      if (this.inFlight >= this.maxInFlight) return;
      this.ready.delete(lane);
      const attempt = lane.hasSlot ? lane.next() : undefined;
      if (attempt === undefined) continue;
      this.launch(attempt, lane);
      // Goes to the end of the turn, and this very loop comes by again.
      if (lane.hasSlot && lane.waiting.size > 0) this.ready.add(lane);
    }
  }

  private cancel(attempt: SignalAttempt): void {
    this.leaveQueue(attempt);
    attempt.giveUp('aborted');
  }

  private leaveQueue(attempt: SignalAttempt): void {
    if (this.lanes.find(attempt.target.origin)?.waiting.delete(attempt)) this.active.delete(attempt);
  }

  /** One look at all instead of a timer for each: a timer costs more than the rest of an attempt's book-keeping. */
  private sweep(): void {
    const now = performance.now();
    for (const attempt of this.active) {
      if (attempt.deadline > now) continue;
      this.leaveQueue(attempt);
      attempt.expire();
    }
    if (this.active.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private sweepMs(): number {
    const { totalTimeoutMs, headersTimeoutMs } = this.budgets;
    return Math.max(1, Math.min(SLOWEST_SWEEP_MS, totalTimeoutMs / 10, headersTimeoutMs / 10));
  }

  /** One listener per signal, however many attempts share it. */
  private watch(signal: AbortSignal | undefined): void {
    if (signal === undefined || this.watched.has(signal)) return;
    this.watched.add(signal);
    const onAbort = (): void => {
      for (const attempt of this.active) if (attempt.request.signal === signal) this.cancel(attempt);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  }

  /** What the guard says of a URL depends on its text alone, and judging it costs as much as signing. */
  private target(url: string): TargetUrl {
    const known = this.knownTargets.get(url);
    if (known) return known;
    const target = this.guard.parse(url);
    if (this.knownTargets.size >= MAX_KNOWN_TARGETS) this.knownTargets.clear();
    this.knownTargets.set(url, target);
    return target;
  }
}

function unsent(category: ErrorCategory): Promise<AttemptResult> {
  return Promise.resolve({ outcome: 'failed', status: null, latencyMs: 0, category, retryAfterMs: null });
}
