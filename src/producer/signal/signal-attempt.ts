import type { Dispatcher } from 'undici';
import { type AttemptOutcome, type AttemptResult, type ErrorCategory, judge } from './attempt.js';
import { categoryOfError } from './attempt-failure.js';
import { ChallengeAnswer } from './challenge.js';
import type { LaneSlot } from './origin-lanes.js';
import { parseRetryAfter } from './retry-after.js';
import type { SignalRequest } from './signal-sender.js';
import type { TargetUrl } from './target-url.js';

/** In ms and bytes. */
export interface AttemptBudgets {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
}

/**
 * `waiting` for a connection slot → `connecting` (a kept connection: for an instant) → `awaiting` the response's headers → `reading` the
 * rest of it → `ended`, the slot is free. The result is known when `reading` begins, or at the first failure; that of a challenge when all
 * is read.
 */
type Phase = 'waiting' | 'connecting' | 'awaiting' | 'reading' | 'ended';

/** The reason that undici gets for an abort of ours; nobody sees it. */
const CUT_OFF = new Error('The attempt was cut off');

/** One request on its way, as undici reports on it. */
export class SignalAttempt implements Dispatcher.DispatchHandler {
  readonly result: Promise<AttemptResult>;
  /** When it is cut off if it is still in its phase, on the scale of `performance.now()`. */
  deadline: number;
  /** On the same scale: when it got its slot. */
  startedAt = 0;
  private phase: Phase = 'waiting';
  private settled = false;
  private read = 0;
  private answer: ChallengeAnswer | undefined;
  private status: number | null = null;
  private slot: LaneSlot | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private resolve: (result: AttemptResult) => void = () => undefined;

  constructor(
    readonly request: SignalRequest,
    readonly target: TargetUrl,
    private readonly budgets: AttemptBudgets,
    /** Unix ms. */
    private readonly now: () => number,
    /** Told once, when the slot is free again; not told of an attempt that never had one. */
    private readonly onSlotFree: (attempt: SignalAttempt, slot: LaneSlot) => void,
  ) {
    this.result = new Promise((resolve) => (this.resolve = resolve));
    this.deadline = performance.now() + budgets.totalTimeoutMs;
  }

  /** It has a slot; its time runs from here. */
  start(slot: LaneSlot): void {
    this.slot = slot;
    this.phase = 'connecting';
    this.startedAt = performance.now();
    this.deadline = this.startedAt + this.budgets.totalTimeoutMs;
  }

  /** Its deadline has passed. */
  expire(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.phase === 'waiting') this.giveUp('busy');
    else if (this.phase === 'connecting') this.giveUp('connect_timeout');
    else this.giveUp('timeout');
  }

  /** Ends it now. While undici connects it cannot be interrupted: then the slot is freed when that ends, within its own budgets. */
  giveUp(category: ErrorCategory): void {
    this.fail(category);
    this.controller?.abort(CUT_OFF);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) {
      controller.abort(CUT_OFF);
      return;
    }
    this.phase = 'awaiting';
    this.deadline = Math.min(this.deadline, performance.now() + this.budgets.headersTimeoutMs);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Informational; they do not extend the time for the headers.
    if (status < 200) return;
    this.phase = 'reading';
    this.deadline = this.startedAt + this.budgets.totalTimeoutMs;
    const asksToWait = status === 429 || status === 503;
    const retryAfterMs = asksToWait ? parseRetryAfter(headers['retry-after'], this.now()) : null;
    const { outcome, category } = judge(status);
    const { challenge } = this.request;
    if (challenge === undefined || outcome !== 'acknowledged') {
      this.settle(outcome, status, category, retryAfterMs);
      return;
    }
    this.status = status;
    if (ChallengeAnswer.isPossible(headers)) this.answer = new ChallengeAnswer(challenge);
    else this.settleChallenge(false);
  }

  /** Read for the connection's sake, as one whose response has ended can be used again, and for the challenge. */
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.read += chunk.length;
    if (this.read > this.budgets.maxBodyBytes) {
      if (this.answer) this.settleChallenge(false);
      controller.abort(CUT_OFF);
    } else {
      this.answer?.add(chunk);
    }
  }

  onResponseEnd(): void {
    if (this.answer) this.settleChallenge(this.answer.isRight());
    this.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.failed(error);
  }

  /** It came to nothing, before or after it was handed over. */
  failed(error: unknown): void {
    this.fail(categoryOfError(error));
    this.end();
  }

  private settleChallenge(isRight: boolean): void {
    this.settle(isRight ? 'acknowledged' : 'failed', this.status, isRight ? null : 'challenge_failed', null);
  }

  private fail(category: ErrorCategory): void {
    this.settle('failed', null, category, null);
  }

  private settle(
    outcome: AttemptOutcome,
    status: number | null,
    category: ErrorCategory | null,
    retryAfterMs: number | null,
  ): void {
    if (this.settled) return;
    this.settled = true;
    const latencyMs = this.phase === 'waiting' ? 0 : Math.round(performance.now() - this.startedAt);
    // Spelled out: spreading one object into another here cost a tenth of the whole attempt.
    this.resolve({ outcome, status, latencyMs, category, retryAfterMs });
  }

  private end(): void {
    const { slot } = this;
    this.phase = 'ended';
    this.slot = undefined;
    if (slot) this.onSlotFree(this, slot);
  }
}
