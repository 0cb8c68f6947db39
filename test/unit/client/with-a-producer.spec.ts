import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestError,
  EventNotFoundError,
  nodeSignalHandler,
  SignpostClient,
  UnauthorizedError,
  type VerifiedSignal,
} from '../../../src/receiver/client/index.js';
import { PLATFORMS, startProducer, type ProducerApp } from '../../support/producer-app.js';
import { publish, subscribe, type Subscribed } from '../../support/subscribed.js';
import { closeAfterTest, eventId, rejection } from './producer-server.js';
import { listening } from './signals.js';

describe.each(PLATFORMS)('the client and a producer on %s', (platform) => {
  let producer: ProducerApp;
  let subscribed: Subscribed;
  let client: SignpostClient;
  const signals: VerifiedSignal[] = [];

  beforeEach(async () => {
    signals.length = 0;
    let handler: ReturnType<typeof nodeSignalHandler> = (_request, response) => void response.writeHead(503).end();
    const receiver = await listening((request, response) => handler(request, response));
    producer = await startProducer(platform, { dispatch: false });
    subscribed = await subscribe(producer, receiver);
    handler = nodeSignalHandler({ secrets: subscribed.secret, onSignal: (signal) => signals.push(signal) });
    client = new SignpostClient({ url: producer.url, apiKey: subscribed.apiKey });
  });

  afterEach(async () => {
    await client.close();
    await producer.close();
  });

  it('agree on the feed, on single events and on acknowledgements', async () => {
    const published = [];
    for (const n of [1, 2, 3]) published.push(await publish(producer, { type: 'invoice.paid', data: { n } }));
    const ids: string[] = [];
    for await (const event of client.events({ follow: false, limit: 2 })) ids.push(event.id);
    expect(ids).toEqual(published.map(({ id }) => id));
    expect(await client.position()).toMatchObject({ lag: 0 });

    const [first] = ids;
    expect(await client.getEvent(first ?? '')).toMatchObject({ type: 'invoice.paid', data: { n: 1 } });
    const results = await client.getEvents([...ids, eventId(1)]);
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 404]);
    await client.ack({ ids });
    await client.ack({ through: (await client.position()).head });
    expect((await client.page({ after: 'now', waitSeconds: 1 })).events).toEqual([]);
    expect(await client.eventTypes()).toEqual([]);
  });

  it('agree on what goes wrong', async () => {
    expect(await rejection(client.getEvent(eventId(1)))).toBeInstanceOf(EventNotFoundError);
    expect(await rejection(client.page({ after: 'nonsense' }))).toMatchObject({ code: 'invalid_cursor' });
    expect(await rejection(client.page({ limit: 0 }))).toBeInstanceOf(BadRequestError);
    const stranger = new SignpostClient({ url: producer.url, apiKey: 'sp_nobody' });
    closeAfterTest(() => stranger.close());
    expect(await rejection(stranger.position())).toBeInstanceOf(UnauthorizedError);
  });

  it('agree on signals', async () => {
    const { id } = await publish(producer, { type: 'invoice.paid' });
    await producer.dispatchOnce();
    expect(signals).toMatchObject([{ type: 'events.available', data: { events: [{ id, type: 'invoice.paid' }] } }]);
  });
});
