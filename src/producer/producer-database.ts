import type { AccessRows } from './access/access-rows.js';
import type { ChangeRows } from './access/change-rows.js';
import type { KeyUses } from './access/key-uses.js';
import type { DispatchStore } from './dispatch/dispatch-store.js';
import type { ErasureStore } from './log/erasure-store.js';
import type { EventStore } from './log/event-store.js';
import type { ProgressStore } from './log/progress-store.js';
import type { AttemptLog } from './subscriptions/attempt-log.js';

/** What readiness and health answers show of the database. Times are ms. */
export interface DatabaseHealth {
  state: 'ready' | 'reopening';
  /** Who has the SQLite connection, and since how many ms; null: nobody, or there is not just one. */
  holder: { label: string; sinceMs: number } | null;
  /** Units of work that wait for it. */
  waiting: number;
}

/** Everything of Signpost that is written differently for each kind of database, on the DataSource that Signpost lives in. */
export interface ProducerDatabase {
  readonly events: EventStore;
  readonly erasures: ErasureStore;
  readonly progress: ProgressStore;
  readonly dispatch: DispatchStore;
  readonly attempts: AttemptLog;
  readonly accessRows: AccessRows;
  readonly changeRows: ChangeRows;
  readonly keyUses: KeyUses;

  /** The partition of the log that a tenant's events are in. */
  partitionOf(tenant: string): Promise<number>;

  /** Runs what outlives the transaction that happens to start it, such as a timer, as if started outside. */
  runOutside<T>(work: () => T): T;

  health(): DatabaseHealth;

  /** Starts what runs by itself. */
  start(): void;

  /** Ends what runs by itself; resolves when everything that was asked for before is done. */
  stop(): Promise<void>;

  /** Gives up the connections of its own. Nothing may be asked for any more. */
  close(): Promise<void>;
}
