import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { ProblemFilter } from '../../../src/http/problem.filter.js';
import { AccessLog } from '../../../src/producer/access/access-log.js';
import { AdminGuard } from '../../../src/producer/access/admin.guard.js';
import { AdminKeysService } from '../../../src/producer/access/admin-keys.service.js';
import { ChangeLog } from '../../../src/producer/access/change-log.js';
import { CredentialsService } from '../../../src/producer/access/credentials.service.js';
import { SigningKeys } from '../../../src/producer/access/signing-keys.js';
import { ADMIN_API_CONTROLLERS, ADMIN_API_PROVIDERS } from '../../../src/producer/admin-api/admin-api.parts.js';
import { Dispatcher } from '../../../src/producer/dispatch/dispatcher.js';
import { AppendNotifier } from '../../../src/producer/log/append-notifier.js';
import { Erasing } from '../../../src/producer/log/erasing.js';
import { SqliteEventStore } from '../../../src/producer/log/sqlite-event-store.js';
import { Publisher } from '../../../src/producer/publish/publisher.js';
import { TargetGuard } from '../../../src/producer/signal/target-guard.js';
import { EVENT_STORE, SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS } from '../../../src/producer/signpost-options.js';
import { EndpointsService } from '../../../src/producer/subscriptions/endpoints.service.js';
import { EventTypesService } from '../../../src/producer/subscriptions/event-types.service.js';
import { ReceiversService } from '../../../src/producer/subscriptions/receivers.service.js';
import { closeApp } from '../../support/close-app.js';
import { openSubscriptions } from '../../support/subscription-services.js';

export type Platform = 'express' | 'fastify';
export const PLATFORMS: Platform[] = ['express', 'fastify'];

const BODY_LIMIT = 8 * 1_048_576;

async function createApp(platform: Platform, providers: { provide: unknown; useValue: unknown }[]) {
  const testing = await Test.createTestingModule({
    controllers: ADMIN_API_CONTROLLERS,
    providers: [...(providers as { provide: symbol; useValue: unknown }[]), AdminGuard, ...ADMIN_API_PROVIDERS],
  }).compile();
  const options = { rawBody: true, logger: false } as const;
  if (platform === 'express') {
    const app = testing.createNestApplication<NestExpressApplication>(new ExpressAdapter(), options);
    return app.useBodyParser('json', { limit: BODY_LIMIT });
  }
  const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT });
  return testing.createNestApplication<NestFastifyApplication>(adapter, options);
}

/** The admin API on a fresh database, with a dispatcher that the test plays. */
export async function openAdminApi(platform: Platform) {
  const subscriptions = await openSubscriptions();
  const {
    dataSource,
    turns,
    database,
    ids,
    clock,
    sealer,
    changes,
    receivers,
    eventTypes,
    credentials,
    adminKeys,
    signalKeys,
    signingKeys,
  } = subscriptions;
  const store = new SqliteEventStore(turns);
  const options = { now: () => clock.now };
  const guard = new TargetGuard({ allow: ['127.0.0.0/8'] });
  const endpoints = new EndpointsService(
    dataSource,
    database,
    ids,
    sealer,
    guard,
    () => undefined,
    changes,
    options,
    signalKeys,
  );
  const dispatcher = { answer: 'in-flight' as unknown, sendTest: () => Promise.resolve(dispatcher.answer) };
  const app: INestApplication = await createApp(platform, [
    { provide: SIGNPOST_DATA_SOURCE, useValue: dataSource },
    { provide: SIGNPOST_OPTIONS, useValue: options },
    { provide: EVENT_STORE, useValue: store },
    { provide: Publisher, useValue: new Publisher(store, ids, new AppendNotifier(), options.now) },
    { provide: ReceiversService, useValue: receivers },
    { provide: EndpointsService, useValue: endpoints },
    { provide: EventTypesService, useValue: eventTypes },
    { provide: CredentialsService, useValue: credentials },
    { provide: AdminKeysService, useValue: adminKeys },
    { provide: SigningKeys, useValue: signingKeys },
    { provide: AccessLog, useValue: subscriptions.accessLog },
    { provide: ChangeLog, useValue: subscriptions.changeLog },
    { provide: Dispatcher, useValue: dispatcher },
    { provide: Erasing, useValue: new Erasing(database.erasures, ids, { ...options, erased: () => undefined }) },
  ]);
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  const { apiKey } = await adminKeys.create({ name: 'test', scopes: ['admin'] });
  const server = app.getHttpServer() as Parameters<typeof request>[0];
  return {
    ...subscriptions,
    app,
    store,
    dispatcher,
    endpoints,
    apiKey,
    /** A request with the admin key, unless another one is given. */
    call: (method: 'get' | 'post' | 'patch' | 'delete', path: string, key: string | null = apiKey) => {
      const call = request(server)[method](`/admin/v1${path}`);
      return key === null ? call : call.set('authorization', `Bearer ${key}`);
    },
    close: async () => {
      await closeApp(app);
      await subscriptions.close();
    },
  };
}

export type AdminApi = Awaited<ReturnType<typeof openAdminApi>>;
