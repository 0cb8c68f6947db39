import { Logger } from '@nestjs/common';
import { Sleeper } from '../../loop/sleeper.js';
import type { Position } from './event-store.js';
import type { Sequenced } from './postgres-sequencer.js';

const LONGEST_PAUSE_MS = 5_000;

/** What sequences one partition, a bounded number of events at a time. */
export interface Sequencer {
  step(): Promise<Sequenced>;
}

/**
 * Sequences what was committed: soon after this node published, and every now and then for those who died before they did. One pass at a
 * time; who asks during a pass waits for the next one, which sees what was committed before it began.
 */
export class Sequencing {
  private readonly logger = new Logger('Signpost');
  private readonly sleeper = new Sleeper();
  private running: Promise<void> | undefined;
  private pass: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  /** The newest pass that began with something of this node to place. */
  private owed: Promise<void> = Promise.resolve();
  private stopping = false;
  private dirty = false;
  private readonly sequencers = new Map<number, Sequencer>();
  private heads = new Map<number, Position>();

  constructor(
    /** Looked at for each pass: a node that was started with more of them makes new ones, and this node publishes into those as well. */
    private readonly partitions: ReadonlySet<number>,
    private readonly sequencerOf: (partition: number) => Sequencer,
    private readonly intervalMs: number,
    /** The log has grown, by whatever node. */
    private readonly grown: () => void,
  ) {}

  start(): void {
    this.stopping = false;
    this.running ??= this.loop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    await this.running;
    this.running = undefined;
  }

  /** This node committed something. Cheap, callable at any time. */
  readonly notify = (): void => {
    this.dirty = true;
    this.sleeper.wake();
  };

  /** Resolves when everything that this node has committed before the call has its position. */
  async upToDate(): Promise<void> {
    // A pass that is under way is dirty no more, and not done yet.
    await (this.dirty ? this.runOnce() : this.owed);
  }

  /** Resolves when everything that was committed before the call has its position. */
  runOnce(): Promise<void> {
    // The pass that is under way may have looked already.
    this.next ??= (this.pass ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        const own = this.dirty;
        this.pass = this.sequenceAll();
        if (own) this.owed = this.pass;
        return this.pass;
      });
    return this.next;
  }

  private async loop(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        await this.runOnce();
        failures = 0;
        await this.sleeper.sleep(this.intervalMs);
      } catch (error) {
        failures += 1;
        if (failures === 1)
          this.logger.warn(`Sequencing pauses: ${error instanceof Error ? error.message : String(error)}`);
        await this.sleeper.sleep(Math.min(50 * 2 ** failures, LONGEST_PAUSE_MS));
      }
    }
  }

  private async sequenceAll(): Promise<void> {
    this.dirty = false;
    try {
      const heads = new Map(await Promise.all([...this.partitions].map((partition) => this.sequence(partition))));
      // Should a notification be lost, this is when it is made up for.
      if ([...heads].some(([partition, head]) => head !== this.heads.get(partition))) this.grown();
      this.heads = heads;
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }

  /** Until nothing committed is left in it. */
  private async sequence(partition: number): Promise<[number, Position]> {
    const sequencer = this.sequencers.get(partition) ?? this.sequencerOf(partition);
    this.sequencers.set(partition, sequencer);
    for (;;) {
      const { more, head } = await sequencer.step();
      if (!more) return [partition, head];
    }
  }
}
