import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { CommitCallbacks } from '../database/commit-callbacks.js';
import type { DatabaseClock } from '../database/postgres-clock.js';
import { PostgresEngine } from '../database/postgres-engine.js';
import type { IdGenerator } from '../protocol/ids.js';
import { PostgresKeyUses } from './access/key-uses.js';
import { PostgresAccessRows } from './access/postgres-access-rows.js';
import { PostgresChangeRows } from './access/postgres-change-rows.js';
import type { DispatchPolicy } from './dispatch/policy.js';
import { PostgresDispatchStore } from './dispatch/postgres-dispatch-store.js';
import { PostgresErasureStore } from './log/postgres-erasure-store.js';
import { PostgresEventStore } from './log/postgres-event-store.js';
import { PostgresListener } from './log/postgres-listener.js';
import { PostgresLogReader } from './log/postgres-log-reader.js';
import { PostgresMetadata } from './log/postgres-metadata.js';
import { PostgresProgressStore } from './log/postgres-progress-store.js';
import { PostgresPrune } from './log/postgres-prune.js';
import { PostgresPublishGroup } from './log/postgres-publish-group.js';
import { PostgresSequencer } from './log/postgres-sequencer.js';
import { PostgresTenants } from './log/postgres-tenants.js';
import { Sequencing } from './log/sequencing.js';
import type { DatabaseHealth, ProducerDatabase } from './producer-database.js';
import { PostgresAttemptLog } from './subscriptions/attempt-log.js';

export interface PostgresDatabaseSettings {
  dispatch: DispatchPolicy & { pollIntervalMs: number };
  /** Of the engine's own pool. */
  poolSize: number;
  partitions: number;
  listenUrl: string | undefined;
  clock: DatabaseClock;
  random: () => number;
  /** The log may have grown, by whatever node. */
  heard: () => void;
}

/** Signpost on PostgreSQL, for any number of nodes. */
export class PostgresDatabase implements ProducerDatabase {
  readonly events: PostgresEventStore;
  readonly erasures: PostgresErasureStore;
  readonly progress: PostgresProgressStore;
  readonly dispatch: PostgresDispatchStore;
  readonly attempts: PostgresAttemptLog;
  readonly accessRows: PostgresAccessRows;
  readonly changeRows: PostgresChangeRows;
  readonly keyUses: PostgresKeyUses;
  private readonly logger = new Logger('Signpost');
  private readonly tenants: PostgresTenants;
  private readonly sequencing: Sequencing;
  private readonly listener: PostgresListener;

  private constructor(
    dataSource: DataSource,
    private readonly engine: PostgresEngine,
    tenants: PostgresTenants,
    ids: IdGenerator,
    settings: PostgresDatabaseSettings,
  ) {
    const { clock, random, heard } = settings;
    const channel = channelOf(dataSource);
    this.tenants = tenants;
    const sequencerOf = (partition: number) => new PostgresSequencer(engine, partition, channel, clock);
    this.sequencing = new Sequencing(tenants.met, sequencerOf, settings.dispatch.pollIntervalMs, heard);
    const reader = new PostgresLogReader(engine, tenants);
    this.events = new PostgresEventStore(engine, {
      commits: new CommitCallbacks(dataSource),
      tenants,
      group: new PostgresPublishGroup(engine, () => this.sequencing.runOnce()),
      reader,
      metadata: new PostgresMetadata(engine, reader),
      prune: new PostgresPrune(engine, tenants),
      committed: this.sequencing.notify,
      upToDate: () => this.sequencing.upToDate().catch(() => undefined),
    });
    this.erasures = new PostgresErasureStore(engine);
    this.progress = new PostgresProgressStore(engine);
    this.dispatch = new PostgresDispatchStore(engine, ids, settings.dispatch, clock, random, () =>
      this.sequencing.upToDate(),
    );
    this.attempts = new PostgresAttemptLog(engine);
    this.accessRows = new PostgresAccessRows(engine);
    this.changeRows = new PostgresChangeRows(engine);
    this.keyUses = new PostgresKeyUses(engine);
    this.listener = new PostgresListener(dataSource, {
      channel,
      url: settings.listenUrl,
      notify: () => engine.rowsAgain(`SELECT pg_notify('${channel}', '')`),
      heard,
      report: (message) => this.logger.warn(message),
    });
  }

  /** On a database that has the tables. */
  static async open(
    dataSource: DataSource,
    ids: IdGenerator,
    settings: PostgresDatabaseSettings,
  ): Promise<PostgresDatabase> {
    const engine = new PostgresEngine(dataSource, { size: settings.poolSize, name: 'signpost' });
    const tenants = new PostgresTenants(engine, settings.partitions);
    await tenants.prepare();
    await tenants.all();
    const asked = performance.now();
    const [row] = await engine.rowsAgain<{ now: number }>(`SELECT ${settings.clock.sql} AS now`);
    if (row) settings.clock.told(row.now, asked);
    return new PostgresDatabase(dataSource, engine, tenants, ids, settings);
  }

  partitionOf(tenant: string): Promise<number> {
    return this.tenants.partitionOf(tenant);
  }

  runOutside<T>(work: () => T): T {
    // Statements take a connection of the engine's own; there is nothing to be inside of.
    return work();
  }

  health(): DatabaseHealth {
    return { state: 'ready', holder: null, waiting: 0 };
  }

  start(): void {
    this.sequencing.start();
    this.listener.start();
  }

  async stop(): Promise<void> {
    await this.listener.stop();
    await this.sequencing.stop();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

/** One for each installation in a database. */
function channelOf({ options }: DataSource): string {
  const schema = options.type === 'postgres' ? options.schema : undefined;
  return schema === undefined ? 'signpost_log' : `signpost_log_${Buffer.from(schema).toString('hex').slice(0, 40)}`;
}
