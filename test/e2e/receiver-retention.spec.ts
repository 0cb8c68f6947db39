import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { type ReceiverApp, startReceiverApp } from '../support/receiver-app.js';
import { until } from '../support/until.js';

describe('handled events', () => {
  let producer: FakeProducer;
  let directory: string;
  let receiver: ReceiverApp | undefined;

  beforeEach(async () => {
    producer = await FakeProducer.start();
    directory = await mkdtemp(join(tmpdir(), 'signpost-retention-'));
  });
  afterEach(async () => {
    await receiver?.close();
    await producer.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(retentionMs?: number): Promise<ReceiverApp> {
    await receiver?.close();
    receiver = await startReceiverApp({
      file: join(directory, 'receiver.db'),
      producer: { url: producer.url, apiKey: producer.apiKey },
      signing: { secret: `whsec_${Buffer.alloc(32, 5).toString('base64')}` },
      ...(retentionMs === undefined ? {} : { retentionMs }),
    });
    return receiver;
  }

  it('leave the inbox when their time is over, and are not handled again', async () => {
    await producer.publishAll([{ type: 'a.b' }, { type: 'a.c', subject: 'one' }]);
    const { inbox } = await start();
    await until(async () => (await inbox.counts()).done === 2, 'both to be handled');
    const kept = await start();
    await kept.receiver.drainOnce();
    expect((await kept.inbox.counts()).done).toBe(2);
    const pruned = await start(1);
    await until(async () => (await pruned.inbox.list()).length === 0, 'both to leave');
    await pruned.receiver.drainOnce();
    expect(await pruned.effects()).toHaveLength(2);
  });
});
