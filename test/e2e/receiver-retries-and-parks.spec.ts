import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import {
  HandleEvent,
  HandleOtherEvents,
  type HandlingOptions,
  type HandlerContext,
  NonRetryableEventError,
  OutsideTransactionError,
  type ReceivedEvent,
} from '../../src/receiver/index.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { type ReceiverApp, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
let producer: FakeProducer;
let receiver: ReceiverApp | undefined;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock();
  producer = await FakeProducer.start();
});
afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
  await producer.close();
});

/** Nothing runs by itself. */
async function start(handling: HandlingOptions = {}, over: Partial<ReceiverAppSettings> = {}): Promise<ReceiverApp> {
  receiver = await startReceiverApp({
    producer: { url: producer.url, apiKey: producer.apiKey },
    signing: { secret },
    handling,
    now: clock.now,
    random: () => 0.5,
    ...over,
  });
  return receiver;
}

/** With the loops stopped, the steps are taken by hand. */
async function manual(handling: HandlingOptions = {}, over: Partial<ReceiverAppSettings> = {}): Promise<ReceiverApp> {
  return start(handling, { ...over, manual: true });
}

const failing = (app: ReceiverApp, times: number, error: () => Error = () => new Error('no')) => {
  let left = times;
  app.handlers.before = () => {
    if (left-- > 0) throw error();
  };
};

describe('an event whose handler throws', () => {
  it('is tried again when its wait is over, and leaves no effect in between', async () => {
    const app = await manual({ retrySchedule: [1_000, 5_000] });
    failing(app, 2);
    const { id } = await producer.publish({ type: 'a.b', subject: 's' });
    await app.receiver.drainOnce();
    expect(await app.receiver.handleOnce()).toMatchObject({ retry: 1, done: 0 });
    expect(await app.inbox.get(id)).toMatchObject({ state: 'failed', attempts: 1, lastError: 'Error: no' });
    clock.advance(999);
    expect(await app.receiver.handleOnce()).toMatchObject({ retry: 0 });
    clock.advance(1);
    expect(await app.receiver.handleOnce()).toMatchObject({ retry: 1 });
    expect(await app.effects()).toEqual([]);
    clock.advance(5_000);
    expect(await app.receiver.handleOnce()).toMatchObject({ done: 1 });
    expect(await app.effects()).toEqual([id]);
  });

  it('is parked after the last attempt, and a person has it handled after all', async () => {
    const app = await manual({ retrySchedule: [10] });
    failing(app, 2);
    const { id } = await producer.publish({ type: 'a.b' });
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    clock.advance(20);
    expect(await app.receiver.handleOnce()).toMatchObject({ parked: 1 });
    expect((await app.inbox.list({ state: 'parked' })).map((entry) => entry.id)).toEqual([id]);
    clock.advance(86_400_000);
    expect(await app.receiver.handleOnce()).toMatchObject({ done: 0 });
    expect(await app.inbox.retry(id)).toBe(true);
    expect(await app.receiver.handleOnce()).toMatchObject({ done: 1 });
    expect(await app.inbox.retry(id)).toBe(false);
    expect(await app.effects()).toEqual([id]);
  });

  it('that cannot be mended by trying is parked at once', async () => {
    const app = await manual();
    failing(app, 1, () => new NonRetryableEventError('no such customer'));
    const { id } = await producer.publish({ type: 'a.b' });
    await app.receiver.drainOnce();
    expect(await app.receiver.handleOnce()).toMatchObject({ parked: 1 });
    expect(await app.inbox.get(id)).toMatchObject({ lastError: 'NonRetryableEventError: no such customer' });
  });

  it('holds the later events of its subject, and no others, until somebody discards it', async () => {
    const app = await manual({ retrySchedule: [] });
    failing(app, 1);
    const [first, second, other] = await producer.publishAll([
      { type: 'a.b', subject: 'x' },
      { type: 'a.b', subject: 'x' },
      { type: 'a.b', subject: 'y' },
    ]);
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    expect(await app.effects()).toEqual([other?.id]);
    expect(await app.inbox.counts()).toMatchObject({ parked: 1, waiting: 1, done: 1 });
    expect(await app.inbox.discard(String(first?.id))).toBe(true);
    await app.receiver.handleOnce();
    expect(await app.effects()).toEqual([other?.id, second?.id]);
    expect(await app.inbox.get(String(first?.id))).toMatchObject({ state: 'discarded' });
  });

  it('lets later events pass when it is parked, where that is the setting', async () => {
    const app = await manual({ retrySchedule: [], whenParked: 'pass' });
    failing(app, 1);
    const [, second] = await producer.publishAll([
      { type: 'a.b', subject: 'x' },
      { type: 'a.b', subject: 'x' },
    ]);
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    expect(await app.effects()).toEqual([second?.id]);
  });

  it('because it reached past its transaction is told so by name', async () => {
    const app = await manual({ retrySchedule: [] });
    let thrown: unknown;
    app.handlers.before = async () => {
      await app.dataSource.query('SELECT 1').catch((error: unknown) => {
        thrown = error;
        throw error;
      });
    };
    await producer.publish({ type: 'a.b' });
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    expect(thrown).toBeInstanceOf(OutsideTransactionError);
  });
});

describe('a handler', () => {
  it('that does without a transaction runs in none, and its event is marked afterwards', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Mails {
      @HandleOtherEvents({ transaction: false })
      onEvent({ id }: ReceivedEvent, { manager, attempt }: HandlerContext): void {
        seen.push([id, manager.queryRunner?.isTransactionActive ?? false, attempt]);
        if (attempt === 1) throw new Error('The mail server is away');
      }
    }
    const app = await manual({ retrySchedule: [1] }, { providers: [Mails] });
    const { id } = await producer.publish({ type: 'a.b' });
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    clock.advance(10);
    await app.receiver.handleOnce();
    expect(seen).toEqual([
      [id, false, 1],
      [id, false, 2],
    ]);
    expect(await app.inbox.get(id)).toMatchObject({ state: 'done', attempts: 2 });
  });

  it('gets the event as it was published, and knows whether a later one of its subject is there', async () => {
    const seen: [string, unknown, boolean][] = [];
    @Injectable()
    class Latest {
      @HandleEvent('stock.*')
      async onStock(
        { type, data, producer: from }: ReceivedEvent<{ left: number }>,
        { isLatest }: HandlerContext,
      ): Promise<void> {
        expect(from).toBe('default');
        seen.push([type, data.left, await isLatest()]);
      }
      @HandleOtherEvents()
      rest(): void {}
    }
    const app = await manual({}, { providers: [Latest] });
    await producer.publishAll([
      { type: 'stock.changed', subject: 'p1', data: { left: 3 } },
      { type: 'stock.changed', subject: 'p2', data: { left: 7 } },
      { type: 'stock.changed', subject: 'p1', data: { left: 2 } },
    ]);
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    expect(seen.toSorted(([, a], [, b]) => Number(a) - Number(b))).toEqual([
      ['stock.changed', 2, true],
      ['stock.changed', 3, false],
      ['stock.changed', 7, true],
    ]);
  });
});

describe('the end of the application', () => {
  it('waits for a handler that runs, and tells it', async () => {
    const app = await start();
    let told = false;
    let begun: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    app.handlers.before = async (_, { signal }) => {
      begun();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      told = true;
    };
    await producer.publish({ type: 'a.b' });
    app.receiver.wake();
    await running;
    await app.app.close();
    expect(told).toBe(true);
  });

  it('gives back what its handler broke off, without counting the attempt', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signpost-stop-'));
    const file = `${directory}/receiver.db`;
    const first = await start({}, { file });
    let begun: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    first.handlers.before = async (_, { signal }) => {
      begun();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw new Error('Broken off');
    };
    const { id } = await producer.publish({ type: 'a.b' });
    first.receiver.wake();
    await running;
    await first.close();
    const second = await manual({}, { file });
    expect(await second.inbox.get(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(await second.receiver.handleOnce()).toMatchObject({ done: 1 });
    await second.close();
    receiver = undefined;
    await rm(directory, { recursive: true });
  });
});

describe('an expired cursor', () => {
  it('stops the drain until somebody decides', async () => {
    const app = await manual();
    const before = await producer.publish({ type: 'a.b' });
    await app.receiver.drainOnce();
    await app.receiver.handleOnce();
    const [, , last] = await producer.publishAll([{ type: 'a.b' }, { type: 'a.b' }, { type: 'a.b' }]);
    if (last) producer.expireBefore(last);
    const said: string[] = [];
    const write = (message: unknown) => void said.push(String(message));
    Logger.overrideLogger({ log: write, warn: write, error: write });
    expect(await app.receiver.drainOnce()).toEqual({ outcome: 'expired' });
    Logger.overrideLogger(false);
    expect(said.join()).toContain(`What came after ${before.id}`);
    expect(said.join()).toContain(`before ${last?.id}`);
    expect(await app.receiver.drainOnce()).toEqual({ outcome: 'expired' });
    expect((await app.receiver.status()).feed).toMatchObject({ state: 'expired' });
    await app.receiver.continueFromOldest();
    expect(await app.receiver.drainOnce()).toEqual({ outcome: 'drained', fresh: 1 });
  });
});
