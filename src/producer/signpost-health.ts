import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from './log/event-store.js';
import type { ProducerDatabase } from './producer-database.js';
import { EVENT_STORE, PRODUCER_DATABASE } from './signpost-options.js';

/** Whether Signpost can work now, and what is in the way if it cannot. Times are ms. */
export interface HealthReport {
  status: 'ok' | 'unavailable';
  database: {
    state: 'ready' | 'reopening' | 'waiting';
    /** Who has the SQLite connection, and since how many ms; null: nobody, and always on PostgreSQL. */
    holder: { label: string; sinceMs: number } | null;
    /** Units of work that wait for it. */
    waiting: number;
  };
}

/** A holder that keeps everybody else waiting for so long is a fault, not load. */
const LONG_HOLD_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;

/** Readiness of the producer's side, for health endpoints. */
@Injectable()
export class SignpostHealth {
  constructor(
    @Inject(PRODUCER_DATABASE) private readonly database: Pick<ProducerDatabase, 'health'>,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Asks the database. Never rejects, and answers within two seconds whatever the database does. */
  async check(): Promise<HealthReport> {
    const { state, holder, waiting } = this.database.health();
    const stuck = holder !== null && holder.sinceMs > LONG_HOLD_MS;
    const answered = state === 'ready' && !stuck && (await this.answers());
    return {
      status: answered ? 'ok' : 'unavailable',
      database: { state: state === 'ready' && !answered ? 'waiting' : state, holder, waiting },
    };
  }

  private async answers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
    });
    const answer = this.store.bounds().then(
      () => true,
      () => false,
    );
    const answered = await Promise.race([answer, late]);
    clearTimeout(timer);
    return answered;
  }
}
