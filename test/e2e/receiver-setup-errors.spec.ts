import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HandleEvent, HandleOtherEvents, SignpostReceiverModule } from '../../src/receiver/index.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { EffectHandlers, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
let producer: FakeProducer;
let right: ReceiverAppSettings;

beforeAll(async () => {
  producer = await FakeProducer.start();
  right = { producer: { url: producer.url, apiKey: producer.apiKey }, signing: { secret } };
});
afterAll(() => producer.close());

const start = async (over: Record<string, unknown>): Promise<void> => {
  const app = await startReceiverApp({ ...right, ...over } as ReceiverAppSettings);
  await app.close();
};

@Injectable()
class Twice {
  @HandleEvent('a.b')
  one(): void {}
  @HandleEvent('a.b')
  other(): void {}
  @HandleOtherEvents()
  rest(): void {}
}

@Injectable()
class NoOthers {
  @HandleEvent('a.b')
  one(): void {}
}

describe('a receiver that is set up wrongly does not start, and says what to change:', () => {
  it('two handlers for one type', async () => {
    await expect(start({ providers: [Twice] })).rejects.toThrow(/Twice\.one and Twice\.other/);
  });

  it('no handler for all other types', async () => {
    await expect(start({ providers: [NoOthers] })).rejects.toThrow(/@HandleOtherEvents/);
  });

  it.each([
    ['producer', {}, /producer\.url is required/],
    ['producer', { url: 'nonsense', apiKey: 'x' }, /url/],
    ['producer', { url: 'http://127.0.0.1' }, /apiKey/],
    ['signing', undefined, /signing\.secret is required/],
    ['signing', { secret: 'sp_123' }, /signing\.secret cannot be used.*is it an API key/],
    ['signing', { secret: [] }, /at least one secret/],
    ['drain', { intervalMs: 0 }, /drain\.intervalMs must be a number above 0/],
    ['drain', { intervalMs: 2 ** 31 }, /drain\.intervalMs must be 1728000000 ms \(20 days\) at most/],
    ['handling', { pollIntervalMs: Infinity }, /handling\.pollIntervalMs must be a number above 0/],
    ['handling', { leaseMs: 2 ** 31 }, /handling\.leaseMs must be 1728000000 ms/],
    ['drain', { pageSize: 1_001 }, /drain\.pageSize must be a whole number from 1 to 1000/],
    ['drain', { whenExpired: 'skip' }, /drain\.whenExpired must be one of stop, oldest/],
    ['handling', { order: 'tenant' }, /handling\.order must be one of subject, all, none/],
    ['handling', { concurrency: 1.5 }, /handling\.concurrency/],
    ['handling', { retrySchedule: [-1] }, /handling\.retrySchedule/],
    ['retentionMs', -1, /retentionMs/],
  ])('%s %j', async (option, value, message) => {
    await expect(start({ [option]: value })).rejects.toThrow(message);
  });

  it('a database that it does not know', async () => {
    await expect(start({ database: { type: 'sqljs', autoLoadEntities: true } })).rejects.toThrow();
  });

  it('entities that are not loaded', async () => {
    @Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database: ':memory:', retryAttempts: 0 }),
        SignpostReceiverModule.forRoot(right),
      ],
      providers: [EffectHandlers],
    })
    class Host {}
    const created = NestFactory.create(Host, { logger: false, abortOnError: false });
    await expect(created).rejects.toThrow(/autoLoadEntities: true/);
  });

  it('two producers under one name', async () => {
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database: ':memory:',
          retryAttempts: 0,
          autoLoadEntities: true,
        }),
        SignpostReceiverModule.forRoot({ ...right, path: 'one' }),
        SignpostReceiverModule.forRoot({ ...right, path: 'two' }),
      ],
      providers: [EffectHandlers],
    })
    class Host {}
    const app = await NestFactory.create(Host, { logger: false, abortOnError: false });
    await expect(app.init()).rejects.toThrow(/name "default" is taken/);
    await app.close();
  });

  it('and one that is set up rightly starts afterwards', async () => {
    await start({});
  });
});
