import { Logger } from '@nestjs/common';
import type { ErasureId, IdGenerator } from '../../protocol/ids.js';
import type { ErasureState, ErasureStore } from './erasure-store.js';

export interface ErasingSettings {
  now: () => number;
  /** Payloads were erased: whoever keeps copies drops them. Called after the commit. */
  erased: () => void;
}

/** How often unfinished erasures are looked for, in ms: those of a process that died, and those that could not be finished. */
const INTERVAL_MS = 10_000;

/** An erasure of a subject's payloads, and how far it has come. */
export type Erasure = ErasureState & { id: ErasureId };

/** Erases payloads of a subject in bounded batches. What was accepted is finished, by whatever process. */
export class Erasing {
  private readonly logger = new Logger('Signpost');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly store: ErasureStore,
    private readonly ids: IdGenerator,
    private readonly settings: ErasingSettings,
  ) {}

  start(): void {
    this.stopping = false;
    this.timer ??= setInterval(() => void this.notify(), INTERVAL_MS).unref();
    void this.notify();
  }

  /** Batches that have begun end; what is left is done later. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /**
   * Erases the payloads of all events of the subject that are committed now. Resolves when they are gone for every reader; `doneAt` is null
   * where the database file could not be overwritten yet, or the process is ending: then it is finished later.
   */
  async erase(tenant: string, subject: string): Promise<Erasure> {
    const id = this.ids.next('era');
    await this.store.accept({ id, tenant, subject, acceptedAt: this.settings.now() });
    await this.finish(id);
    const state = await this.store.state(id);
    if (!state) throw new Error(`The erasure ${id} is not there any more`);
    return { id, ...state };
  }

  /** Goes on with what is not finished. Never rejects. */
  notify(): Promise<void> {
    this.running ??= this.runOnce()
      .catch((error: unknown) =>
        this.logger.warn(`Erasing tries again: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }

  /** Everything that is not finished, once. */
  async runOnce(): Promise<void> {
    for (const id of await this.store.unfinished()) {
      if (this.stopping) return;
      await this.finish(id);
    }
  }

  private async finish(id: ErasureId): Promise<void> {
    for (let more = true; more;) {
      if (this.stopping) return;
      more = await this.store.eraseSome(id, this.settings.now());
      this.settings.erased();
    }
    try {
      await this.store.overwrite();
    } catch (error) {
      // The payloads are gone for every reader; the files come later.
      this.logger.warn(`Erased, but not overwritten yet: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    await this.store.finish(id, this.settings.now());
  }
}
