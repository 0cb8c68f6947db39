import { Logger } from '@nestjs/common';
import { Sleeper } from '../../loop/sleeper.js';
import type { Claim, InboxStore } from '../inbox/inbox-store.js';
import type { AttemptOutcome, EventAttempt } from './event-attempt.js';

export interface WorkerSettings {
  /** Whose events. */
  producer: string;
  /** Names this node's claims: unique per process and start. */
  owner: string;
  concurrency: number;
  leaseMs: number;
  pollIntervalMs: number;
}

/** What passes of the worker came to, event by event. */
export type WorkSummary = Record<AttemptOutcome, number>;

/** Handlers get this long to end by themselves when the application shuts down. */
const STOP_GRACE_MS = 8_000;
const LONGEST_PAUSE_MS = 5_000;
const PAUSE_AFTER_RETURN_MS = 1_000;
/** Only a crash between a commit and the claim after it leaves something for the sweep. */
const SWEEP_EVERY_MS = 60_000;
/** Beyond so many lanes a sweep finds the ready ones as cheaply; and a process that only drains has nobody to claim what it noted. */
const MOST_RELEASED = 10_000;

interface Running {
  aborter: AbortController;
  ended: Promise<void>;
}

/**
 * Takes events out of the inbox and has them handled. Four verbs: `start`, `stop`, `notify`, `runOnce`. Nothing here is truth: what a
 * crash interrupts is rolled back, and due again when its lease ends.
 */
export class InboxWorker {
  private readonly logger = new Logger('SignpostReceiver');
  private readonly sleeper = new Sleeper();
  private readonly running = new Map<Claim, Running>();
  /** Lanes in which something was stored or finished since the last claim. */
  private released = new Set<string>();
  private loop: Promise<void> | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private stopping = false;
  /** Times of `performance.now`. */
  private sweepAt = 0;
  private pausedUntil = 0;

  constructor(
    private readonly store: InboxStore,
    private readonly attempt: EventAttempt,
    private readonly settings: WorkerSettings,
  ) {}

  /** Starts the loop; does nothing if it runs. */
  start(): void {
    if (this.loop) return;
    this.stopping = false;
    this.loop = this.work();
  }

  /** Something may be due, perhaps in these lanes. Cheap, callable at any time. */
  notify(lanes: Iterable<string | null> = []): void {
    for (const lane of lanes) if (lane !== null) this.released.add(lane);
    if (this.released.size > MOST_RELEASED) {
      this.released.clear();
      this.sweepAt = 0;
    }
    this.sleeper.wake();
  }

  /** Claims nothing more, tells the handlers, and resolves when they have ended or their time is up. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    for (const { aborter } of this.running.values()) aborter.abort();
    await this.loop;
    this.loop = undefined;
    const ended = Promise.all([...this.running.values()].map((run) => run.ended)).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), STOP_GRACE_MS)));
    if (!(await Promise.race([ended, late]))) {
      this.logger.warn(`${this.running.size} handlers still run; their events are taken over when their leases end`);
    }
    clearTimeout(timer);
    this.endRenewal();
  }

  /** Handles until nothing is due any more. For tests and for one-shot jobs. */
  async runOnce(): Promise<WorkSummary> {
    const summary: WorkSummary = { done: 0, retry: 0, parked: 0, returned: 0, lost: 0 };
    await this.sweep();
    for (;;) {
      const claims = await this.claim();
      const outcomes = await Promise.all(claims.map((claim) => this.begin(claim)));
      for (const outcome of outcomes) if (outcome) summary[outcome] += 1;
      // Would be claimed again at once, and again.
      if (claims.length === 0 || outcomes.every((outcome) => outcome === 'returned')) return summary;
    }
  }

  private async work(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        await this.sweep();
        const claims = this.free > 0 && this.pauseMs <= 0 ? await this.claim() : [];
        for (const claim of claims) void this.begin(claim);
        failures = 0;
        if (claims.length === 0) await this.sleeper.sleep(await this.idleTime());
      } catch (error) {
        // The database is locked, full or restarting: nothing is lost, the inbox waits.
        failures += 1;
        this.report('Handling pauses', error);
        await this.sleeper.sleep(Math.min(100 * 2 ** failures, LONGEST_PAUSE_MS));
      }
    }
  }

  private get pauseMs(): number {
    return this.pausedUntil - performance.now();
  }

  private get free(): number {
    return this.settings.concurrency - this.running.size;
  }

  private async claim(): Promise<Claim[]> {
    const released = this.released;
    this.released = new Set();
    const { producer, owner, leaseMs } = this.settings;
    try {
      return await this.store.claim({ producer, owner, leaseMs, limit: this.free, released: [...released] });
    } catch (error) {
      for (const lane of released) this.released.add(lane);
      throw error;
    }
  }

  private begin(claim: Claim): Promise<AttemptOutcome | undefined> {
    const aborter = new AbortController();
    if (this.stopping) aborter.abort();
    const outcome = this.attempt
      .run(claim, aborter.signal, () => this.stopping)
      .catch((error: unknown) => {
        this.report(`The outcome of event ${claim.entry.id} could not be recorded; it is due again later`, error);
        return undefined;
      });
    const ended = outcome.then((how) => {
      this.running.delete(claim);
      if (this.running.size === 0) this.endRenewal();
      // The database refuses for now; the event is due at once and would be claimed in a circle.
      if (how === 'returned') this.pausedUntil = performance.now() + PAUSE_AFTER_RETURN_MS;
      this.notify([claim.lane]);
    });
    this.running.set(claim, { aborter, ended });
    this.renewal ??= setInterval(() => void this.renewLeases(), this.settings.leaseMs / 3).unref();
    return outcome;
  }

  private endRenewal(): void {
    clearInterval(this.renewal);
    this.renewal = undefined;
  }

  private async idleTime(): Promise<number> {
    const { pollIntervalMs, producer } = this.settings;
    if (this.free <= 0) return pollIntervalMs;
    if (this.pauseMs > 0) return this.pauseMs;
    const due = await this.store.dueInMs(producer);
    return due === null ? pollIntervalMs : Math.min(Math.max(due, 1), pollIntervalMs);
  }

  private async renewLeases(): Promise<void> {
    try {
      const lost = await this.store.renew([...this.running.keys()], this.settings.leaseMs);
      for (const { entry, token } of lost) {
        const claim = [...this.running.keys()].find((own) => own.entry.id === entry.id && own.token === token);
        if (claim) this.running.get(claim)?.aborter.abort();
      }
    } catch (error) {
      this.report('Leases could not be renewed', error);
    }
  }

  private async sweep(): Promise<void> {
    const now = performance.now();
    if (now < this.sweepAt) return;
    // Before it: what is noted meanwhile may ask for another.
    this.sweepAt = now + SWEEP_EVERY_MS;
    try {
      await this.store.sweep(this.settings.producer);
    } catch (error) {
      this.sweepAt = 0;
      throw error;
    }
  }

  private report(what: string, error: unknown): void {
    this.logger.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
