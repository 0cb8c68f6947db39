/** How an answer of the feed goes wrong. */
export interface FeedFault {
  /** Status to answer with instead; with `cut`, none. */
  status?: number;
  /** Seconds, for `Retry-After`. */
  retryAfter?: number;
  /** The connection is closed in the middle of the body. */
  cut?: boolean;
  /** Waits so long before the answer, in ms. */
  slowMs?: number;
}

/** Faults of the fetch API's answers, for the next requests; one fault each, in the order in which they were asked for. */
export class FeedFaults {
  private readonly queue: FeedFault[] = [];

  /** The next `times` requests are answered with this status: 429, 500, 503, … */
  fail(status: number, { times = 1, retryAfter }: { times?: number; retryAfter?: number } = {}): this {
    return this.add({ status, ...(retryAfter === undefined ? {} : { retryAfter }) }, times);
  }

  /** The next `times` answers break off in the middle of their body. */
  cut(times = 1): this {
    return this.add({ cut: true }, times);
  }

  /** The next `times` answers come that much later. */
  slow(slowMs: number, times = 1): this {
    return this.add({ slowMs }, times);
  }

  /** How many are still to come. */
  get pending(): number {
    return this.queue.length;
  }

  /** Takes the fault of the next request. */
  take(): FeedFault | undefined {
    return this.queue.shift();
  }

  private add(fault: FeedFault, times: number): this {
    for (let time = 0; time < times; time++) this.queue.push(fault);
    return this;
  }
}

/** Faults on a signal's way. What is not set goes well. */
export class SignalFaults {
  private dropping = 0;
  private duplicating = 0;
  private held: (() => Promise<void>)[] | undefined;

  /** The next `times` signals are lost. */
  drop(times = 1): this {
    this.dropping += times;
    return this;
  }

  /** The next `times` signals arrive twice. */
  duplicate(times = 1): this {
    this.duplicating += times;
    return this;
  }

  /** Signals are held up from now on, until `release`. */
  hold(): this {
    this.held ??= [];
    return this;
  }

  /** Sends what was held up, in the order in which it was signed, or the other way round; resolves when all is answered. */
  async release(order: 'in order' | 'reversed' = 'in order'): Promise<void> {
    const held = this.held ?? [];
    this.held = undefined;
    for (const send of order === 'reversed' ? held.toReversed() : held) await send();
  }

  /** How often a signal is sent: 0, 1 or 2 times. Resolves when it was, or is held up. */
  async pass(send: () => Promise<void>): Promise<void> {
    if (this.dropping > 0) {
      this.dropping -= 1;
      return;
    }
    const times = this.duplicating > 0 ? 2 : 1;
    if (times === 2) this.duplicating -= 1;
    for (let time = 0; time < times; time++) {
      if (this.held) this.held.push(send);
      else await send();
    }
  }
}
