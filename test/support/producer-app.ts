import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import {
  AdminKeysService,
  answerFrameworkError,
  Dispatcher,
  isRetryableDatabaseError,
  ProblemFilter,
  SignpostModule,
  type SignpostOptions,
} from '../../src/index.js';
import { closeApp } from './close-app.js';
import { freshDatabase, type Database, type FreshDatabase } from './databases.js';

export type Platform = 'fastify' | 'express';
export const PLATFORMS: Platform[] = ['fastify', 'express'];
/** Each platform and each database. What a platform does is the same on either database, so PostgreSQL is tried on one of them. */
export const HOSTS: [Platform, Database][] = [
  ['fastify', 'sqlite'],
  ['express', 'sqlite'],
  ['fastify', 'postgres'],
];

export const TEST_MASTER_KEY = Buffer.alloc(32, 1).toString('base64');
export const TEST_ADMIN_KEY = 'test-admin-key-0123456789';

@Module({})
export class HostModule {
  static with(database: TypeOrmModuleOptions, options: Partial<SignpostOptions>): DynamicModule {
    return {
      module: HostModule,
      imports: [
        TypeOrmModule.forRoot({ ...database, autoLoadEntities: true, retryAttempts: 0 }),
        SignpostModule.forRoot({
          masterKey: TEST_MASTER_KEY,
          targets: { allow: ['127.0.0.0/8'] },
          ...options,
        }),
      ],
    };
  }
}

export interface ProducerApp {
  app: INestApplication;
  url: string;
  /** A request to the admin API; the answer's body is parsed. */
  admin<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  /** A request to any path, with what the test wants to send. */
  call<T = Record<string, unknown>>(method: string, path: string, init?: CallInit): Promise<Answer<T>>;
  /** Passes of the dispatcher until nothing is due. Only where the loop does not run (`dispatch: false`). */
  dispatchOnce(): Promise<{ claimed: number; settled: number }>;
  close(): Promise<void>;
}

export interface CallInit {
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

/**
 * A host application with the module in it, listening on a free port of the loopback interface, on a fresh database or on one that the
 * test has.
 */
export async function startProducer(
  platform: Platform,
  options: Partial<SignpostOptions> = {},
  database: Database | FreshDatabase = 'sqlite',
): Promise<ProducerApp> {
  const { options: dataSource, drop } = typeof database === 'string' ? await freshDatabase(database) : database;
  const module = HostModule.with(dataSource, options);
  const app = platform === 'fastify' ? await onFastify(module) : await onExpress(module);
  app.useGlobalFilters(new ProblemFilter(isRetryableDatabaseError));
  await app.listen(0, '127.0.0.1');
  await app.get(AdminKeysService).ensureBootstrapKey(TEST_ADMIN_KEY);
  const url = await app.getUrl();
  const call = (method: string, path: string, init: CallInit = {}) => request(`${url}${path}`, method, init);
  return {
    app,
    url,
    call: call as ProducerApp['call'],
    admin: ((method: string, path: string, body?: unknown) =>
      call(method, `/admin/v1${path}`, {
        headers: {
          authorization: `Bearer ${TEST_ADMIN_KEY}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })) as ProducerApp['admin'],
    dispatchOnce: () => app.get(Dispatcher).runOnce(),
    close: async () => {
      await closeApp(app);
      await drop();
    },
  };
}

async function onFastify(module: DynamicModule): Promise<INestApplication> {
  // Payloads may have any member name; Signpost reads the raw bytes, so Fastify's own parser must not refuse some.
  const adapter = new FastifyAdapter({
    bodyLimit: 9_000_000,
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    frameworkErrors: answerFrameworkError,
    // An event type in a path has up to 128 characters; Fastify's default is 100.
    routerOptions: { maxParamLength: 256 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    rawBody: true,
    logger: false,
    abortOnError: false,
  });
  return app;
}

async function onExpress(module: DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, new ExpressAdapter(), {
    rawBody: true,
    logger: false,
    abortOnError: false,
  });
  app.useBodyParser('json', { limit: '9mb' });
  return app;
}

async function request(url: string, method: string, { headers = {}, body }: CallInit): Promise<Answer<unknown>> {
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: body as string }) });
  const text = await answer.text();
  const json = /json/.test(answer.headers.get('content-type') ?? '') && text !== '' && !text.includes('\n{');
  return { status: answer.status, headers: answer.headers, text, body: json ? JSON.parse(text) : undefined };
}
