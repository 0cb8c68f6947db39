import type { DispatchStore, Settlement } from './dispatch-store.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** Collects outcomes and writes them in batches: while one batch is being written, the next one grows. */
export class Settler {
  private waiting: Settlement[] = [];
  private writing: Promise<void> | undefined;
  private written = 0;

  constructor(
    private readonly store: DispatchStore,
    private readonly report: (error: unknown) => void,
  ) {}

  /** `settled` is called once the batch with this outcome is durable. */
  add(settlement: Settlement, settled: () => void): void {
    this.waiting.push(settlement);
    this.writing ??= this.write(settled);
  }

  /** Resolves when everything added is written; answers how many were since the last call. */
  async drain(): Promise<number> {
    while (this.writing) await this.writing;
    const count = this.written;
    this.written = 0;
    return count;
  }

  private async write(settled: () => void): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    // Answers that arrived in the same turn of the event loop belong in the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.store.settle(batch);
        this.written += batch.length;
        pause = FIRST_PAUSE_MS;
        settled();
      } catch (error) {
        // An outcome that is not written is a signal sent twice, so the database gets the time it needs.
        this.report(error);
        this.waiting = batch.concat(this.waiting);
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
    this.writing = undefined;
  }
}
