import { Logger } from '@nestjs/common';
import type { EndpointId } from '../../protocol/ids.js';
import type { ClaimedSignal, DispatchStore } from './dispatch-store.js';
import type { Delivery } from './delivery.js';
import { Settler } from './settler.js';
import { Sleeper } from '../../loop/sleeper.js';

export interface DispatcherSettings {
  /** Names this node in leases. */
  owner: string;
  claimBatch: number;
  maxInFlight: number;
  pollIntervalMs: number;
  leaseMs: number;
  now: () => number;
}

/** Log entries looked at in one wake step. */
const WAKE_BATCH = 1_000;
/** Time that signals in flight get to end by themselves when the loop stops; the service promises 10 s for all of it. */
const STOP_GRACE_MS = 7_000;
const LONGEST_PAUSE_MS = 5_000;

/** What one pass did. */
export interface PassSummary {
  claimed: number;
  settled: number;
}

/**
 * Claims endpoints that are due, sends their signals, records the outcomes. Four verbs: `start`, `stop`, `notify`, `runOnce`.
 * Nothing here is truth: what the loop forgets in a crash comes back when its leases run out.
 */
export class Dispatcher {
  private readonly logger = new Logger('Signpost');
  private readonly inFlight = new Map<ClaimedSignal, Promise<void>>();
  private readonly sleeper = new Sleeper();
  private readonly settler: Settler;
  private aborter = new AbortController();
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly store: DispatchStore,
    private readonly delivery: Delivery,
    private readonly settings: DispatcherSettings,
  ) {
    this.settler = new Settler(store, (error) => this.report('Outcomes could not be recorded yet', error));
  }

  /** Starts the loop; does nothing if it runs. */
  start(): void {
    if (this.running) return;
    this.stopping = false;
    this.aborter = new AbortController();
    this.running = this.loop();
  }

  /** Something may be due: an event was committed, an endpoint changed. Cheap, callable at any time. */
  readonly notify = (): void => this.sleeper.wake();

  /** Claims nothing more, lets signals in flight end or releases them, records what happened. Resolves when all is written. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    await this.running;
    this.running = undefined;
    const grace = setTimeout(() => this.aborter.abort(), STOP_GRACE_MS);
    await Promise.all(this.inFlight.values());
    clearTimeout(grace);
    await this.settler.drain();
  }

  /** Passes until nothing is due any more, and waits for their outcomes. For tests and for one-shot jobs. */
  async runOnce(): Promise<PassSummary> {
    const summary = { claimed: 0, settled: 0 };
    for (;;) {
      const claimed = await this.pass();
      await Promise.all(this.inFlight.values());
      summary.settled += await this.settler.drain();
      summary.claimed += claimed.count;
      if (claimed.count === 0 && !claimed.more) return summary;
    }
  }

  /** One test signal, sent now; or why none is. */
  async sendTest(endpoint: EndpointId) {
    const claim = await this.store.claimForTest(endpoint, this.settings.owner);
    if (typeof claim === 'string') return claim;
    const [settlement] = await this.delivery.deliver([claim], this.aborter.signal);
    if (!settlement) return 'in-flight' as const;
    const result = await settlement;
    await this.store.settle([result]);
    const { outcome, status, latencyMs, category } = result;
    return { signalId: claim.signal, outcome, status, latencyMs, category };
  }

  private async loop(): Promise<void> {
    const renewal = setInterval(() => void this.renewLeases(), this.settings.leaseMs / 3);
    await this.settleOrphans();
    let failures = 0;
    while (!this.stopping) {
      try {
        const { count, more } = await this.pass();
        failures = 0;
        if (count === 0 && !more) await this.sleeper.sleep(await this.idleTime());
      } catch (error) {
        // The database is locked, full or restarting: nothing is lost, the log waits.
        failures += 1;
        this.report('Dispatching pauses', error);
        await this.sleeper.sleep(Math.min(100 * 2 ** failures, LONGEST_PAUSE_MS));
      }
    }
    clearInterval(renewal);
  }

  /** One look at the log and one claim. `more`: there is work that the limits of this pass left over. */
  private async pass(): Promise<{ count: number; more: boolean }> {
    const free = Math.min(this.settings.claimBatch, this.settings.maxInFlight - this.inFlight.size);
    // Asked for together, the two share one transaction; the claim comes second and sees what the first woke.
    const [woken, claimed] = await Promise.allSettled([
      this.store.wake(WAKE_BATCH),
      free > 0 ? this.store.claim({ owner: this.settings.owner, limit: free }) : Promise.resolve([]),
    ]);
    // What was claimed is sent whatever became of the other: nobody else may send it before its lease runs out.
    const claims = claimed.status === 'fulfilled' ? claimed.value : [];
    if (claims.length > 0) await this.send(claims);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (woken.status === 'rejected') throw woken.reason;
    return { count: claims.length, more: woken.value.more || (free > 0 && claims.length === free) };
  }

  private async send(claims: readonly ClaimedSignal[]): Promise<void> {
    const settlements = await this.delivery.deliver(claims, this.aborter.signal);
    claims.forEach((claim, index) => {
      const done = Promise.resolve(settlements[index]).then((settlement) => {
        this.inFlight.delete(claim);
        if (settlement) this.settler.add(settlement, this.notify);
      });
      this.inFlight.set(claim, done);
    });
  }

  private async idleTime(): Promise<number> {
    if (this.inFlight.size >= this.settings.maxInFlight) return this.settings.pollIntervalMs;
    const due = await this.store.nextDueAt();
    const wait = due === null ? this.settings.pollIntervalMs : due - this.settings.now();
    return Math.max(0, Math.min(wait, this.settings.pollIntervalMs));
  }

  private async renewLeases(): Promise<void> {
    if (this.inFlight.size === 0) return;
    try {
      await this.store.renew([...this.inFlight.keys()], this.settings.owner);
    } catch (error) {
      this.report('Leases could not be renewed', error);
    }
  }

  private async settleOrphans(): Promise<void> {
    try {
      const orphans = await this.store.recoverLeases();
      if (orphans > 0) this.logger.log(`Took over ${orphans} signals that a former process left unfinished`);
    } catch (error) {
      this.report('Leases of a former process run out by themselves', error);
    }
  }

  private report(what: string, error: unknown): void {
    this.logger.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
