import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { installSqliteTurns } from '../database/sqlite-connection.js';
import { SignalIntake } from './accept/signal-intake.js';
import { SignalRoute } from './accept/signal-route.js';
import { SignpostClient } from './client/signpost-client.js';
import { FeedDrain } from './drain/feed-drain.js';
import { EventAttempt } from './handle/event-attempt.js';
import { HandlerDiscovery } from './handle/handler-discovery.js';
import { HandlerSet } from './handle/handler-set.js';
import { HandlingPolicy } from './handle/handling-policy.js';
import { InboxWorker } from './handle/inbox-worker.js';
import { RECEIVER_ENTITIES } from './inbox/entities.js';
import { InboxRetention } from './inbox/inbox-retention.js';
import type { InboxStore } from './inbox/inbox-store.js';
import { InboxService } from './inbox/inbox.service.js';
import { PostgresInboxStore } from './inbox/postgres-inbox-store.js';
import { SqliteInboxStore } from './inbox/sqlite-inbox-store.js';
import { runReceiverMigrations } from './migrations/run-receiver-migrations.js';
import { ReceiverLifecycle } from './receiver-lifecycle.js';
import { MODULE_OPTIONS_TOKEN, RECEIVER_STRUCTURE, type ResolvedStructure } from './receiver.module-definition.js';
import { EndpointRegistration } from './register/endpoint-registration.js';
import { SecretSeal } from './register/secret-seal.js';
import {
  INBOX_STORE,
  RECEIVER_DATA_SOURCE,
  RECEIVER_OPTIONS,
  type SignpostReceiverOptions,
} from './receiver-options.js';
import {
  type ResolvedReceiverOptions,
  resolveReceiverOptions,
  SignpostReceiverOptionsError,
} from './receiver-options-validation.js';
import { SignpostReceiver } from './signpost-receiver.js';

/** Names this node in leases: readable, and never that of an earlier start. */
const OWNER = `${hostname()}.${process.pid}.${randomUUID()}`;

/** How late the feed is read after the node that read it has died. */
const DRAIN_LEASE_MS = 20_000;

export const receiverProviders: Provider[] = [
  {
    provide: RECEIVER_OPTIONS,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: SignpostReceiverOptions): ResolvedReceiverOptions => resolveReceiverOptions(options),
  },
  {
    provide: INBOX_STORE,
    inject: [RECEIVER_DATA_SOURCE, RECEIVER_OPTIONS],
    useFactory: openInbox,
  },
  {
    provide: SignpostClient,
    inject: [RECEIVER_OPTIONS],
    useFactory: ({ producer, now, random }: ResolvedReceiverOptions) =>
      new SignpostClient({ ...producer, now, random }),
  },
  HandlerDiscovery,
  {
    provide: HandlerSet,
    inject: [HandlerDiscovery, RECEIVER_STRUCTURE],
    useFactory: (discovery: HandlerDiscovery, { name }: ResolvedStructure) => new HandlerSet(discovery, name),
  },
  {
    provide: EventAttempt,
    inject: [INBOX_STORE, RECEIVER_DATA_SOURCE, HandlerSet, RECEIVER_OPTIONS],
    useFactory: (
      store: InboxStore,
      dataSource: DataSource,
      handlers: HandlerSet,
      { handling, random }: ResolvedReceiverOptions,
    ) =>
      new EventAttempt(
        store,
        dataSource,
        handlers,
        new HandlingPolicy(handling.retrySchedule, handling.whenParked, random),
      ),
  },
  {
    provide: InboxWorker,
    inject: [INBOX_STORE, EventAttempt, RECEIVER_OPTIONS, RECEIVER_STRUCTURE],
    useFactory: (
      store: InboxStore,
      attempt: EventAttempt,
      { handling }: ResolvedReceiverOptions,
      { name }: ResolvedStructure,
    ) => new InboxWorker(store, attempt, { ...handling, producer: name, owner: OWNER }),
  },
  {
    provide: FeedDrain,
    inject: [SignpostClient, INBOX_STORE, InboxWorker, RECEIVER_OPTIONS, RECEIVER_STRUCTURE],
    useFactory: (
      client: SignpostClient,
      store: InboxStore,
      worker: InboxWorker,
      { drain, handling, random }: ResolvedReceiverOptions,
      { name }: ResolvedStructure,
    ) =>
      new FeedDrain(client, store, (lanes) => worker.notify(lanes), {
        ...drain,
        producer: name,
        owner: OWNER,
        leaseMs: DRAIN_LEASE_MS,
        order: handling.order,
        random,
      }),
  },
  {
    provide: InboxService,
    inject: [INBOX_STORE, InboxWorker, RECEIVER_STRUCTURE],
    useFactory: (store: InboxStore, worker: InboxWorker, { name }: ResolvedStructure) =>
      new InboxService(store, name, (lanes) => worker.notify(lanes)),
  },
  {
    provide: InboxRetention,
    inject: [INBOX_STORE, RECEIVER_OPTIONS, RECEIVER_STRUCTURE],
    useFactory: (store: InboxStore, { retentionMs }: ResolvedReceiverOptions, { name }: ResolvedStructure) =>
      new InboxRetention(store, name, retentionMs),
  },
  {
    provide: SignpostReceiver,
    inject: [FeedDrain, InboxWorker, InboxService],
    useFactory: (drain: FeedDrain, worker: InboxWorker, inbox: InboxService) =>
      new SignpostReceiver(drain, worker, inbox),
  },
  {
    provide: EndpointRegistration,
    inject: [SignpostClient, RECEIVER_DATA_SOURCE, HandlerSet, RECEIVER_OPTIONS, RECEIVER_STRUCTURE],
    useFactory: registration,
  },
  SignalRoute,
  SignalIntake,
  ReceiverLifecycle,
];

/** null: the endpoint is made by somebody else. */
function registration(
  client: SignpostClient,
  dataSource: DataSource,
  handlers: HandlerSet,
  { register, producer, now }: ResolvedReceiverOptions,
  { name }: ResolvedStructure,
): EndpointRegistration | null {
  if (!register) return null;
  const seal = SecretSeal.of(producer) ?? (register.sealingKey ? new SecretSeal(register.sealingKey) : undefined);
  if (!seal) {
    throw new SignpostReceiverOptionsError(
      'register.sealingKey',
      'is required with producer.accessToken: text of 32 random bytes that the endpoint’s secret is kept under',
    );
  }
  const wanted = {
    url: register.url,
    // Asked for when it is needed: the handlers are discovered later than this is made.
    get eventTypes() {
      return register.eventTypes ?? (handlers.patterns.length > 0 ? handlers.patterns : ['*']);
    },
  };
  return new EndpointRegistration(client, dataSource, seal, name, wanted, now);
}

/** Whoever asks for the inbox gets one whose connection is sound and whose tables are there. */
async function openInbox(dataSource: DataSource, { now }: ResolvedReceiverOptions): Promise<InboxStore> {
  if (!RECEIVER_ENTITIES.every((entity) => dataSource.hasMetadata(entity))) {
    throw new SignpostReceiverOptionsError(
      'dataSource',
      'does not know the entities; add autoLoadEntities: true to its TypeOrmModule.forRoot',
    );
  }
  const { type } = dataSource.options;
  switch (type) {
    case 'better-sqlite3': {
      const turns = installSqliteTurns(dataSource);
      await runReceiverMigrations(dataSource);
      return new SqliteInboxStore(turns, now);
    }
    case 'postgres':
      await runReceiverMigrations(dataSource);
      return new PostgresInboxStore(dataSource);
    default:
      throw new SignpostReceiverOptionsError(
        'dataSource',
        `has type "${type}"; the inbox lives in better-sqlite3 or postgres`,
      );
  }
}
