import type { SqliteTurns } from '../database/sqlite-turns.js';
import type { IdGenerator } from '../protocol/ids.js';
import { SqliteKeyUses } from './access/key-uses.js';
import { SqliteAccessRows } from './access/sqlite-access-rows.js';
import { SqliteChangeRows } from './access/sqlite-change-rows.js';
import type { DispatchPolicy } from './dispatch/policy.js';
import { SqliteDispatchStore } from './dispatch/sqlite-dispatch-store.js';
import { SqliteErasureStore } from './log/sqlite-erasure-store.js';
import { SqliteEventStore } from './log/sqlite-event-store.js';
import { SqliteProgressStore } from './log/sqlite-progress-store.js';
import type { DatabaseHealth, ProducerDatabase } from './producer-database.js';
import { SqliteAttemptLog } from './subscriptions/attempt-log.js';

export interface SqliteDatabaseSettings {
  dispatch: DispatchPolicy;
  now: () => number;
  random: () => number;
}

/** Signpost on SQLite: one process, one connection, one partition. */
export class SqliteDatabase implements ProducerDatabase {
  readonly events: SqliteEventStore;
  readonly erasures: SqliteErasureStore;
  readonly progress: SqliteProgressStore;
  readonly dispatch: SqliteDispatchStore;
  readonly attempts: SqliteAttemptLog;
  readonly accessRows: SqliteAccessRows;
  readonly changeRows: SqliteChangeRows;
  readonly keyUses: SqliteKeyUses;

  constructor(
    private readonly turns: SqliteTurns,
    ids: IdGenerator,
    { dispatch, now, random }: SqliteDatabaseSettings,
  ) {
    this.events = new SqliteEventStore(turns);
    this.erasures = new SqliteErasureStore(turns);
    this.progress = new SqliteProgressStore(turns);
    this.dispatch = new SqliteDispatchStore(turns, ids, dispatch, now, random);
    this.attempts = new SqliteAttemptLog(turns);
    this.accessRows = new SqliteAccessRows(turns);
    this.changeRows = new SqliteChangeRows(turns);
    this.keyUses = new SqliteKeyUses(turns);
  }

  partitionOf(): Promise<number> {
    return Promise.resolve(0);
  }

  runOutside<T>(work: () => T): T {
    return this.turns.runOutside(work);
  }

  health(): DatabaseHealth {
    return this.turns.health();
  }

  start(): void {
    // Whoever commits here wakes whoever waits here.
  }

  stop(): Promise<void> {
    return this.turns.drain();
  }

  close(): Promise<void> {
    // The connection is the application's.
    return Promise.resolve();
  }
}
