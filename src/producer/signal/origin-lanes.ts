import { Client } from 'undici';
import type { GuardedConnector } from './guarded-connector.js';
import type { SignalAttempt } from './signal-attempt.js';

export interface LaneOptions {
  /** Slots and connections of one origin. */
  readonly connectionsPerOrigin: number;
  /** Origins with open connections, at most, unless more are in use. */
  readonly maxOrigins: number;
  /** An origin without a signal for this long loses its connections, in ms. */
  readonly idleOriginMs: number;
  readonly maxHeaderBytes: number;
  /** Makes the connector of one origin. */
  readonly connector: () => GuardedConnector;
}

/**
 * Connections that nobody uses are kept for this long unless the other side says less; undici's 4 s would close most between two
 * signals, and a new TLS connection costs about 47 times a kept one.
 */
const KEEP_CONNECTION_MS = 15_000;
/** How much the newest attempt counts in the mean. */
const NEWEST_WEIGHT = 0.2;

/** One of an origin's connections, or the room for it; undici connects it when it is used, and again after it was lost. */
export interface LaneSlot {
  readonly lane: OriginLane;
  readonly client: Client;
  busy: boolean;
}

/**
 * One origin: its connections, what is in flight on them and what waits for them. Not undici's Pool: that one takes a connection for busy
 * until the turn of the event loop after its answer, so that the next signal of an endpoint would open another.
 */
export class OriginLane {
  /** In order of arrival. */
  readonly waiting = new Set<SignalAttempt>();
  lastUsedAt = 0;
  private readonly slots: LaneSlot[] = [];
  private readonly connector: GuardedConnector;
  private inFlight = 0;
  private meanHoldMs = 0;

  constructor(
    readonly origin: string,
    private readonly options: LaneOptions,
  ) {
    this.connector = options.connector();
  }

  get hasSlot(): boolean {
    return this.inFlight < this.options.connectionsPerOrigin;
  }

  get isIdle(): boolean {
    return this.inFlight === 0 && this.waiting.size === 0;
  }

  /** How long one more attempt would wait for a slot, going by how long attempts hold theirs; in ms. */
  get expectedWaitMs(): number {
    if (this.hasSlot) return 0;
    return ((this.waiting.size + 1) * this.meanHoldMs) / this.options.connectionsPerOrigin;
  }

  /** Takes a free slot, one that was in use before if there is one. The caller has seen that the lane has one. */
  take(): LaneSlot {
    let slot = this.slots.find(({ busy }) => !busy);
    if (slot === undefined) {
      slot = { lane: this, client: this.open(), busy: true };
      this.slots.push(slot);
    }
    slot.busy = true;
    this.inFlight += 1;
    return slot;
  }

  /** An attempt gives its slot back. */
  release(slot: LaneSlot, heldMs: number): void {
    slot.busy = false;
    this.inFlight -= 1;
    this.meanHoldMs += this.meanHoldMs === 0 ? heldMs : (heldMs - this.meanHoldMs) * NEWEST_WEIGHT;
  }

  /** Takes the attempt that has waited longest. */
  next(): SignalAttempt | undefined {
    for (const attempt of this.waiting) {
      this.waiting.delete(attempt);
      return attempt;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.connector.close();
    await Promise.all(this.slots.splice(0).map(({ client }) => client.destroy()));
  }

  private open(): Client {
    return new Client(this.origin, {
      // One at a time: a second request would wait behind a slow answer, and be lost with the connection.
      pipelining: 1,
      connect: this.connector.connect,
      maxHeaderSize: this.options.maxHeaderBytes,
      keepAliveTimeout: KEEP_CONNECTION_MS,
      // The attempts keep their own time, which neither a drip nor a row of informational answers extends.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

/** The lanes of all origins, least recently used first. */
export class OriginLanes {
  private readonly lanes = new Map<string, OriginLane>();
  private reaper: NodeJS.Timeout | undefined;

  constructor(private readonly options: LaneOptions) {}

  get size(): number {
    return this.lanes.size;
  }

  find(origin: string): OriginLane | undefined {
    return this.lanes.get(origin);
  }

  /** The lane of an origin, as the most recently used one. */
  use(origin: string): OriginLane {
    let lane = this.lanes.get(origin);
    if (lane) {
      this.lanes.delete(origin);
    } else {
      if (this.lanes.size >= this.options.maxOrigins) this.closeOldestIdle();
      lane = new OriginLane(origin, this.options);
    }
    lane.lastUsedAt = performance.now();
    this.lanes.set(origin, lane);
    this.reaper ??= setInterval(() => this.closeIdle(), this.options.idleOriginMs / 2).unref();
    return lane;
  }

  async close(): Promise<void> {
    clearInterval(this.reaper);
    this.reaper = undefined;
    const lanes = [...this.lanes.values()];
    this.lanes.clear();
    await Promise.all(lanes.map((lane) => lane.close()));
  }

  private closeOldestIdle(): void {
    for (const lane of this.lanes.values()) {
      if (!lane.isIdle) continue;
      this.drop(lane);
      return;
    }
  }

  private closeIdle(): void {
    const idleSince = performance.now() - this.options.idleOriginMs;
    for (const lane of this.lanes.values()) {
      // Least recently used first: whatever follows was used later.
      if (lane.lastUsedAt > idleSince) break;
      if (lane.isIdle) this.drop(lane);
    }
    if (this.lanes.size === 0) {
      clearInterval(this.reaper);
      this.reaper = undefined;
    }
  }

  private drop(lane: OriginLane): void {
    this.lanes.delete(lane.origin);
    void lane.close();
  }
}
