import type { EntityManager } from 'typeorm';
import type { CommitCallbacks } from '../../database/commit-callbacks.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { namedPostgresError } from '../../database/postgres-errors.js';
import type { PostgresClient } from '../../database/postgres-session.js';
import type { EventId } from '../../protocol/ids.js';
import type {
  Appended,
  Entitlement,
  EventMetadata,
  EventStore,
  LogBounds,
  MetadataQuery,
  NewEvent,
  Page,
  PageRequest,
  Placed,
  Position,
  Pruned,
  StoredEvent,
} from './event-store.js';
import { PostgresAppend, withoutConflicts } from './postgres-append.js';
import type { PostgresLogReader } from './postgres-log-reader.js';
import type { PostgresMetadata } from './postgres-metadata.js';
import type { PostgresPrune } from './postgres-prune.js';
import type { PostgresPublishGroup } from './postgres-publish-group.js';
import type { PostgresTenants } from './postgres-tenants.js';

export interface PostgresLogParts {
  commits: CommitCallbacks;
  tenants: PostgresTenants;
  group: PostgresPublishGroup;
  reader: PostgresLogReader;
  metadata: PostgresMetadata;
  prune: PostgresPrune;
  /** Something of this node was committed and wants its positions. */
  committed: () => void;
  /** Resolves when what this node has committed has its positions, or cannot get them now. */
  upToDate: () => Promise<void>;
}

/**
 * The event log on PostgreSQL, for any number of nodes. Positions are given out after the commit (see `PostgresSequencer`), which nobody
 * notices who publishes and then reads on the same node.
 */
export class PostgresEventStore implements EventStore {
  private readonly appending: PostgresAppend;

  constructor(
    engine: PostgresEngine,
    private readonly parts: PostgresLogParts,
  ) {
    this.appending = new PostgresAppend(engine);
  }

  async append(manager: EntityManager, events: readonly NewEvent[]): Promise<Appended[]> {
    const runner = this.parts.commits.runnerOf(manager);
    const placed = await this.withPartitions(events);
    const client = (await runner.connect()) as PostgresClient;
    try {
      this.parts.commits.add(manager, this.parts.committed);
      const inserted = await this.appending.insert((text, values) => client.query(text, values), placed);
      return withoutConflicts(inserted).map(({ ordinal, ...appended }) => appended);
    } catch (error) {
      throw namedPostgresError(error);
    }
  }

  async appendAlone(events: readonly NewEvent[]): Promise<Placed[]> {
    return this.parts.group.publish(await this.withPartitions(events));
  }

  afterCommit(manager: EntityManager, callback: () => void): void {
    this.parts.commits.add(manager, callback);
  }

  async bounds(tenant?: string): Promise<LogBounds> {
    await this.parts.upToDate();
    return this.parts.reader.bounds(tenant);
  }

  async allBounds(): Promise<LogBounds[]> {
    await this.parts.upToDate();
    return this.parts.reader.allBounds();
  }

  async readPage(request: PageRequest): Promise<Page<StoredEvent>> {
    await this.parts.upToDate();
    return this.parts.reader.page(request);
  }

  async readOne(id: EventId, entitlement: Entitlement): Promise<StoredEvent | undefined> {
    const [event] = await this.readMany([id], entitlement);
    return event;
  }

  async readMany(ids: readonly EventId[], entitlement: Entitlement): Promise<StoredEvent[]> {
    await this.parts.upToDate();
    return this.parts.reader.byId(ids, entitlement);
  }

  async count(entitlement: Entitlement, after: Position, through: Position, cap: number): Promise<number> {
    return this.parts.reader.count(entitlement, after, through, cap);
  }

  async listMetadata(query: MetadataQuery): Promise<Page<EventMetadata>> {
    await this.parts.upToDate();
    return this.parts.metadata.list(query);
  }

  async metadata(id: EventId): Promise<EventMetadata | undefined> {
    await this.parts.upToDate();
    return this.parts.metadata.one(id);
  }

  prune(expireBefore: number, forgetBefore: number, limit: number): Promise<Pruned> {
    return this.parts.prune.batch(expireBefore, forgetBefore, limit);
  }

  private withPartitions(events: readonly NewEvent[]) {
    return Promise.all(
      events.map(async (event) => ({ ...event, partition: await this.parts.tenants.partitionOf(event.tenant) })),
    );
  }
}
