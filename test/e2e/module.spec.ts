import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import request from 'supertest';
import { AdminKeysService, Dispatcher, Publisher, ReceiversService, SignpostModule } from '../../src/index.js';
import { closeApp } from '../support/close-app.js';
import { DATABASES, freshDatabase, type FreshDatabase } from '../support/databases.js';
import { TEST_ADMIN_KEY, TEST_MASTER_KEY } from '../support/producer-app.js';

@Module({})
class HostModule {
  static with(...imports: DynamicModule[]): DynamicModule {
    return { module: HostModule, imports };
  }
}

describe.each(DATABASES)('SignpostModule on %s', (database) => {
  let fresh: FreshDatabase;
  let app: INestApplication | undefined;
  beforeEach(async () => {
    fresh = await freshDatabase(database);
  });
  afterEach(async () => {
    if (app) await closeApp(app);
    app = undefined;
    await fresh.drop();
  });

  const connected = (options: TypeOrmModuleOptions = { autoLoadEntities: true }) =>
    TypeOrmModule.forRoot({ ...fresh.options, ...options, retryAttempts: 0 } as TypeOrmModuleOptions);

  async function start(...imports: DynamicModule[]): Promise<INestApplication> {
    app = await NestFactory.create(HostModule.with(...imports), new ExpressAdapter(), {
      rawBody: true,
      logger: false,
      abortOnError: false,
    });
    await app.init();
    return app;
  }
  const admin = (host: INestApplication, path: string) =>
    request(host.getHttpServer()).get(path).set('authorization', `Bearer ${TEST_ADMIN_KEY}`);

  it('takes its settings from a factory, and lives in a named DataSource', async () => {
    const host = await start(
      connected({ name: 'events', autoLoadEntities: true }),
      SignpostModule.forRootAsync({
        dataSource: 'events',
        useFactory: () => Promise.resolve({ masterKey: TEST_MASTER_KEY }),
      }),
    );
    await host.get(AdminKeysService).ensureBootstrapKey(TEST_ADMIN_KEY);
    await host.get(Publisher).publishAlone([{ type: 'invoice.paid', data: { n: 1 } }]);
    const list = await admin(host, '/admin/v1/events').expect(200);
    expect(list.body).toMatchObject({ items: [{ type: 'invoice.paid' }], more: false });
  });

  it('leaves out the parts that it is told to leave out', async () => {
    const host = await start(
      connected(),
      SignpostModule.forRoot({ masterKey: TEST_MASTER_KEY, dispatch: false, fetchApi: false, adminApi: false }),
    );
    await request(host.getHttpServer()).get('/v1/events').expect(404);
    await admin(host, '/admin/v1/events').expect(404);
    expect((await host.get(ReceiversService).create({ name: 'in code' })).tenant).toBe('default');
    expect(await host.get(Dispatcher).runOnce()).toEqual({ claimed: 0, settled: 0 });
  });

  it.each([
    ['masterKey', { masterKey: undefined as unknown as string }],
    ['master key', { masterKey: 'c2hvcnQ=' }],
    ['retrySchedule', { masterKey: TEST_MASTER_KEY, dispatch: { retrySchedule: [] } }],
    ['retentionMs', { masterKey: TEST_MASTER_KEY, retentionMs: -1 }],
    ['not-a-block', { masterKey: TEST_MASTER_KEY, targets: { allow: ['not-a-block'] } }],
  ])('does not start with a bad setting, and names it: %s', async (name, options) => {
    await expect(start(connected(), SignpostModule.forRoot(options))).rejects.toThrow(name);
  });

  it('does not start without its entities, and says what to add', async () => {
    await expect(start(connected({}), SignpostModule.forRoot({ masterKey: TEST_MASTER_KEY }))).rejects.toThrow(
      /autoLoadEntities/,
    );
  });
});
