import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { SignalIntake } from './accept/signal-intake.js';
import { SignalRoute } from './accept/signal-route.js';
import { SignpostClient } from './client/signpost-client.js';
import { FeedDrain } from './drain/feed-drain.js';
import { HandlerSet } from './handle/handler-set.js';
import { InboxWorker } from './handle/inbox-worker.js';
import { InboxRetention } from './inbox/inbox-retention.js';
import type { InboxStore } from './inbox/inbox-store.js';
import { EndpointRegistration } from './register/endpoint-registration.js';
import { RECEIVER_STRUCTURE, type ResolvedStructure } from './receiver.module-definition.js';
import { INBOX_STORE, RECEIVER_DATA_SOURCE, RECEIVER_OPTIONS } from './receiver-options.js';
import { type ResolvedReceiverOptions, SignpostReceiverOptionsError } from './receiver-options-validation.js';

/** Names taken in each database, as two modules under one name would share a cursor. */
const taken = new WeakMap<DataSource, Set<string>>();

/**
 * Starts what runs by itself once the application stands, and ends it while the database is still there: TypeORM closes
 * the connection in `onApplicationShutdown`, so everything that writes has ended before.
 */
@Injectable()
export class ReceiverLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(RECEIVER_OPTIONS) private readonly options: ResolvedReceiverOptions,
    @Inject(RECEIVER_STRUCTURE) private readonly structure: ResolvedStructure,
    @Inject(RECEIVER_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(INBOX_STORE) private readonly store: InboxStore,
    @Inject(SignpostClient) private readonly client: SignpostClient,
    @Inject(HandlerSet) private readonly handlers: HandlerSet,
    @Inject(FeedDrain) private readonly drain: FeedDrain,
    @Inject(InboxWorker) private readonly worker: InboxWorker,
    @Inject(InboxRetention) private readonly retention: InboxRetention,
    @Inject(SignalIntake) private readonly intake: SignalIntake,
    @Inject(EndpointRegistration) private readonly registration: EndpointRegistration | null,
    @Inject(SignalRoute) private readonly route: SignalRoute,
  ) {}

  onModuleInit(): void {
    const { name } = this.structure;
    const names = taken.get(this.dataSource) ?? new Set();
    if (names.has(name)) {
      throw new SignpostReceiverOptionsError('name', `"${name}" is taken; give each producer's module its own name`);
    }
    taken.set(this.dataSource, names.add(name));
    this.handlers.discover();
  }

  async onApplicationBootstrap(): Promise<void> {
    const { structure, options } = this;
    if (structure.path !== false) this.intake.open();
    await this.store.takeOver(structure.name);
    if (options.handling.run) this.worker.start();
    if (options.drain.run) this.drain.start();
    this.retention.start();
    this.registration?.start((secret) => this.route.open(secret));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.registration?.stop(), this.drain.stop(), this.worker.stop(), this.retention.stop()]);
    await this.client.close();
    taken.get(this.dataSource)?.delete(this.structure.name);
  }
}
