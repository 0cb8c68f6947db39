import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BadRequestError, EventGoneError, SignpostClient, TooEarlyError } from '../../../src/receiver/client/index.js';
import { FakeProducer } from '../../../src/testing/index.js';
import { rejection, startProducer as startRaw, clientOf, eventId, problemAnswer } from './producer-server.js';

interface Invoice {
  total: string;
}

describe('an event beside its resource as it is now', () => {
  let producer: FakeProducer;
  let client: SignpostClient<{ 'invoice.paid': Invoice }>;
  const slept: number[] = [];

  beforeEach(async () => {
    slept.length = 0;
    producer = await FakeProducer.start({ now: () => 1_795_455_000_000 });
    client = new SignpostClient({
      url: producer.url,
      apiKey: producer.apiKey,
      random: () => 0,
      sleep: async (ms) => void slept.push(ms),
    });
  });
  afterEach(async () => {
    await client.close();
    await producer.close();
  });

  it('comes with both, typed', async () => {
    const { id } = await producer.publish({ type: 'invoice.paid', data: { total: '1' }, redacted: ['/email'] });
    producer.showCurrent({ id }, { data: { total: '2' }, version: 'v2' });
    const event = await client.getEvent(id, { view: 'current' });
    if (event.type !== 'invoice.paid' || event.current.state !== 'found') throw new Error('is not what it should be');
    const totals: [string, string] = [event.data.total, (event.current.data as Invoice).total];
    expect(totals).toEqual(['1', '2']);
    expect(event.redacted).toEqual(['/email']);
    expect(event.current).toEqual({
      state: 'found',
      asOf: '2026-11-23T17:30:00.000Z',
      version: 'v2',
      data: { total: '2' },
    });
    expect(await client.getEvent(id)).not.toHaveProperty('current');
  });

  it('says that the resource is gone', async () => {
    const { id } = await producer.publish({ type: 'a' });
    producer.showCurrent({ id }, 'gone');
    expect((await client.getEvent(id, { view: 'current' })).current).toMatchObject({ state: 'gone' });
  });

  it('is asked for again while the change cannot be seen, no sooner than the producer wants, and then given up by name', async () => {
    const event = await producer.publish({ type: 'a' });
    producer.showCurrent(event, 'not-yet');
    const error = await rejection(client.getEvent(event.id, { view: 'current' }));
    expect(error).toBeInstanceOf(TooEarlyError);
    expect(error).toMatchObject({ code: 'too_early', status: 425, retryAfterMs: 1_000 });
    expect(slept).toEqual([1_000, 1_000, 1_000]);
  });

  it('of a type without one, or of an erased event, is refused as such', async () => {
    const event = await producer.publish({ type: 'a' });
    expect(await rejection(client.getEvent(event.id, { view: 'current' }))).toBeInstanceOf(BadRequestError);
    producer.showCurrent(event, { data: 1 });
    producer.erase(event);
    expect(await rejection(client.getEvent(event.id, { view: 'current' }))).toBeInstanceOf(EventGoneError);
  });

  it('is not taken from an answer that has none', async () => {
    const id = eventId(1);
    const event = {
      id,
      type: 'a',
      tenant: 't',
      subject: null,
      occurredAt: '2026-11-23T17:30:00.000Z',
      recordedAt: '2026-11-23T17:30:00.000Z',
      cursor: 'c',
      data: 1,
    };
    for (const current of [undefined, null, {}, { state: 'found', asOf: event.occurredAt }, { state: 'gone' }]) {
      const raw = await startRaw({ json: { ...event, current } }, problemAnswer(500, 'internal'));
      const error = await rejection(clientOf(raw.url).client.getEvent(id, { view: 'current' }));
      expect(error).toMatchObject({ code: 'unexpected_answer' });
    }
  });
});
