import type { Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from '../database/errors.js';
import { IS_UNAVAILABLE } from '../http/problem.filter.js';
import { IdGenerator } from '../protocol/ids.js';
import { AccessLog } from './access/access-log.js';
import { AccessTokens } from './access/access-tokens.js';
import { AdminGuard } from './access/admin.guard.js';
import { AdminKeysService } from './access/admin-keys.service.js';
import { ApplicationIdentities } from './access/application-identities.js';
import { Authenticator } from './access/authenticator.js';
import { ChangeLog } from './access/change-log.js';
import { ClientAssertions } from './access/client-assertions.js';
import { CredentialsService } from './access/credentials.service.js';
import { ForeignTokens } from './access/foreign-tokens.js';
import { KnownReceivers } from './access/known-receivers.js';
import { LastUsed } from './access/last-used.js';
import { ReadPolicy } from './access/read-policy.js';
import { ReadRules } from './access/read-rules.js';
import { ReceiverGuard } from './access/receiver.guard.js';
import { InstallationSignalKeys } from './access/signal-keys.js';
import { SigningKeys } from './access/signing-keys.js';
import { UsedAssertions } from './access/used-assertions.js';
import { Delivery } from './dispatch/delivery.js';
import type { DispatchStore } from './dispatch/dispatch-store.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { EventCache } from './fetch-api/event-cache.js';
import { FailedLogins } from './limits/failed-logins.js';
import { RequestLimits } from './limits/request-limits.js';
import { AppendNotifier } from './log/append-notifier.js';
import { Erasing } from './log/erasing.js';
import type { EventStore } from './log/event-store.js';
import { Retention, type Pruner } from './log/retention.js';
import { openProducerDatabase } from './open-producer-database.js';
import { resolveOptions, type ResolvedOptions } from './options-validation.js';
import type { ProducerDatabase } from './producer-database.js';
import { Publisher } from './publish/publisher.js';
import { SignalSender } from './signal/signal-sender.js';
import { TargetGuard } from './signal/target-guard.js';
import { MODULE_OPTIONS_TOKEN, SIGNPOST_STRUCTURE, type SignpostStructure } from './signpost.module-definition.js';
import {
  DISPATCH_STORE,
  EVENT_STORE,
  PRODUCER_DATABASE,
  PROGRESS_STORE,
  SIGNPOST_DATA_SOURCE,
  SIGNPOST_OPTIONS,
  type SignpostOptions,
} from './signpost-options.js';
import { EndpointDirectory } from './subscriptions/endpoint-directory.js';
import { EndpointsService } from './subscriptions/endpoints.service.js';
import { EventTypesService } from './subscriptions/event-types.service.js';
import { DISPATCH_WAKE, SIGNAL_KEYS, TARGET_ADMISSION, type SignalKeys } from './subscriptions/ports.js';
import { ReceiverChanges } from './subscriptions/receiver-changes.js';
import { ReceiversService } from './subscriptions/receivers.service.js';
import { Sealer } from './subscriptions/sealing.js';
import { SIGNPOST_VERSION } from '../protocol/version.js';

/** Options, the database with Signpost's tables, and the log on it. */
export const logProviders: Provider[] = [
  {
    provide: SIGNPOST_OPTIONS,
    inject: [MODULE_OPTIONS_TOKEN, SIGNPOST_STRUCTURE, SIGNPOST_DATA_SOURCE],
    useFactory: (
      options: SignpostOptions,
      { dispatch, fetchApi }: SignpostStructure,
      dataSource: DataSource,
    ): ResolvedOptions =>
      resolveOptions(
        {
          ...options,
          ...(dispatch === undefined ? {} : { dispatch }),
          ...(fetchApi ? { fetchApi } : {}),
        },
        dataSource.options.type === 'postgres',
      ),
  },
  {
    // Whoever asks for the database gets one that is sound and has the tables.
    provide: PRODUCER_DATABASE,
    inject: [SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, IdGenerator, AppendNotifier],
    useFactory: openProducerDatabase,
  },
  {
    provide: IdGenerator,
    inject: [SIGNPOST_OPTIONS],
    useFactory: ({ now }: ResolvedOptions) => new IdGenerator(now),
  },
  {
    provide: EVENT_STORE,
    inject: [PRODUCER_DATABASE],
    useFactory: ({ events }: ProducerDatabase) => events,
  },
  {
    provide: PROGRESS_STORE,
    inject: [PRODUCER_DATABASE],
    useFactory: ({ progress }: ProducerDatabase) => progress,
  },
  { provide: AppendNotifier, useFactory: () => new AppendNotifier() },
  {
    provide: Publisher,
    inject: [EVENT_STORE, IdGenerator, AppendNotifier, SIGNPOST_OPTIONS],
    useFactory: (store: EventStore, ids: IdGenerator, appended: AppendNotifier, { now }: ResolvedOptions) =>
      new Publisher(store, ids, appended, now),
  },
  {
    provide: EventCache,
    inject: [ReadRules],
    useFactory: (rules: ReadRules) => {
      const cache = new EventCache();
      rules.onErased(() => cache.clear());
      return cache;
    },
  },
  {
    provide: Erasing,
    inject: [PRODUCER_DATABASE, IdGenerator, ReadRules, SIGNPOST_OPTIONS],
    useFactory: ({ erasures }: ProducerDatabase, ids: IdGenerator, rules: ReadRules, { now }: ResolvedOptions) =>
      new Erasing(erasures, ids, { now, erased: () => rules.erased() }),
  },
  { provide: IS_UNAVAILABLE, useValue: isDatabaseUnavailable },
];

export const subscriptionProviders: Provider[] = [
  {
    provide: Sealer,
    inject: [SIGNPOST_OPTIONS],
    useFactory: ({ masterKey, previousMasterKeys }: ResolvedOptions) => new Sealer(masterKey, previousMasterKeys),
  },
  {
    provide: TargetGuard,
    inject: [SIGNPOST_OPTIONS],
    useFactory: ({ targets }: ResolvedOptions) => new TargetGuard(targets),
  },
  { provide: TARGET_ADMISSION, useExisting: TargetGuard },
  { provide: SIGNAL_KEYS, useClass: InstallationSignalKeys },
  { provide: DISPATCH_WAKE, inject: [Dispatcher], useFactory: (dispatcher: Dispatcher) => dispatcher.notify },
  ReceiverChanges,
  ReceiversService,
  EndpointsService,
  EndpointDirectory,
  EventTypesService,
];

export const accessProviders: Provider[] = [
  Authenticator,
  AccessTokens,
  ForeignTokens,
  ApplicationIdentities,
  KnownReceivers,
  ClientAssertions,
  UsedAssertions,
  CredentialsService,
  AdminKeysService,
  LastUsed,
  AccessLog,
  SigningKeys,
  ChangeLog,
  FailedLogins,
  RequestLimits,
  ReadRules,
  ReadPolicy,
  ReceiverGuard,
  AdminGuard,
];

export const dispatchProviders: Provider[] = [
  {
    provide: DISPATCH_STORE,
    inject: [PRODUCER_DATABASE],
    useFactory: ({ dispatch }: ProducerDatabase) => dispatch,
  },
  {
    provide: SignalSender,
    inject: [TargetGuard, SIGNPOST_OPTIONS],
    useFactory: (guard: TargetGuard, { dispatch, now }: ResolvedOptions) =>
      new SignalSender({
        guard,
        now,
        version: SIGNPOST_VERSION,
        totalTimeoutMs: dispatch.signalTimeoutMs,
        maxInFlight: dispatch.maxInFlight,
      }),
  },
  {
    provide: Dispatcher,
    inject: [DISPATCH_STORE, EndpointDirectory, SignalSender, SIGNAL_KEYS, SIGNPOST_OPTIONS],
    useFactory: (
      store: DispatchStore,
      directory: EndpointDirectory,
      sender: SignalSender,
      signalKeys: SignalKeys,
      options: ResolvedOptions,
    ) =>
      new Dispatcher(store, new Delivery(directory, sender, options.now, signalKeys), {
        ...options.dispatch,
        owner: `${process.pid}.${randomUUID()}`,
        now: options.now,
      }),
  },
  {
    provide: Retention,
    inject: [
      EVENT_STORE,
      DISPATCH_STORE,
      AccessLog,
      ChangeLog,
      SigningKeys,
      UsedAssertions,
      EventCache,
      SIGNPOST_OPTIONS,
    ],
    useFactory: (
      store: EventStore,
      attempts: DispatchStore,
      access: AccessLog,
      changes: ChangeLog,
      signingKeys: SigningKeys,
      assertions: UsedAssertions,
      cache: EventCache,
      options: ResolvedOptions,
    ) => {
      const { now, keepAccessMs, dispatch } = options;
      const pruners: Pruner[] = [
        (limit) => attempts.pruneAttempts(now() - dispatch.keepAttemptsMs, limit),
        (limit) => access.prune(now() - keepAccessMs, limit),
        (limit) => changes.prune(now() - keepAccessMs, limit),
        (limit) => signingKeys.prune(limit),
        (limit) => assertions.prune(now(), limit),
      ];
      return new Retention(store, options, pruners, () => cache.clear());
    },
  },
];
