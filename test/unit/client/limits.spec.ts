import { describe, expect, it } from '@jest/globals';
import { RedirectRefusedError, ResponseTooLargeError } from '../../../src/receiver/client/index.js';
import { type Answer, clientOf, event, eventId, page, rejection, startProducer } from './producer-server.js';

describe('an answer over the limit', () => {
  it.each<[string, Answer]>([
    ['that says how long it is', { json: event(1, { data: 'x'.repeat(5_000) }) }],
    [
      'that does not end',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = (): boolean => response.destroyed || (response.write(' '.repeat(1_000)) && more());
        more();
        response.on('drain', more);
      },
    ],
  ])('is broken off: one %s', async (_what, answer) => {
    const producer = await startProducer(answer);
    const { client, slept } = clientOf(producer.url, { maxEventBytes: 1_000 });
    const error = await rejection(client.getEvent(eventId(1)));
    expect(error).toBeInstanceOf(ResponseTooLargeError);
    expect(error).toMatchObject({ code: 'response_too_large', status: 200 });
    expect(slept).toEqual([]);
  });

  it('is one limit for pages and another for the rest', async () => {
    const producer = await startProducer(page([event(1, { data: 'x'.repeat(5_000) })], 'c1', false));
    const { client } = clientOf(producer.url, { maxEventBytes: 1_000, maxPageBytes: 10_000 });
    expect((await client.page()).events.length).toBe(1);
    const tight = clientOf(producer.url, { maxEventBytes: 10_000, maxPageBytes: 1_000 });
    expect(await rejection(tight.client.page())).toBeInstanceOf(ResponseTooLargeError);
  });

  it('leaves the client usable', async () => {
    const producer = await startProducer({ json: event(1, { data: 'x'.repeat(5_000_000) }) }, { json: event(1) });
    const { client } = clientOf(producer.url, { maxEventBytes: 1_000, connections: 1 });
    await rejection(client.getEvent(eventId(1)));
    expect((await client.getEvent(eventId(1))).id).toBe(eventId(1));
  });

  it('counts headers as well', async () => {
    const producer = await startProducer({ json: event(1), headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(await rejection(clientOf(producer.url).client.getEvent(eventId(1)))).toBeInstanceOf(ResponseTooLargeError);
  });

  it('is 64 KiB for an error, whatever the other limits are', async () => {
    const json = { type: 'urn:signpost:problem:forbidden', title: 'no', status: 403, padding: 'x'.repeat(70_000) };
    const producer = await startProducer({ status: 403, json });
    const error = await rejection(clientOf(producer.url).client.position());
    expect(error).toMatchObject({ code: 'forbidden' });
    expect(error).not.toHaveProperty('problemType');
  });

  it('does not hide what an error is about', async () => {
    const producer = await startProducer({ status: 403, text: 'x'.repeat(1_000_000) });
    expect(await rejection(clientOf(producer.url).client.position())).toMatchObject({ code: 'forbidden', status: 403 });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is an error, and nobody gets the credential', async (status) => {
    const elsewhere = await startProducer({ json: event(1) });
    const headers = { location: `${elsewhere.url}/v1/events/${eventId(1)}` };
    const producer = await startProducer({ status, headers });
    const { client } = clientOf(producer.url);
    for (const call of [
      () => client.getEvent(eventId(1)),
      () => client.getEvents([eventId(1)]),
      () => client.page(),
      () => client.ack({ through: 'c' }),
    ]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(RedirectRefusedError);
      expect(error).toMatchObject({ code: 'redirect_refused', status });
    }
    expect(producer.seen.length).toBe(4);
    expect(elsewhere.connections).toBe(0);
  });

  it('of the token request is an error, and nobody gets the secret', async () => {
    const elsewhere = await startProducer({ json: { access_token: 't', token_type: 'Bearer' } });
    const producer = await startProducer({ status: 307, headers: { location: `${elsewhere.url}/oauth/token` } });
    const { client } = clientOf(producer.url, { clientId: 'key_1', clientSecret: 'canary' });
    expect(await rejection(client.position())).toBeInstanceOf(RedirectRefusedError);
    expect(elsewhere.connections).toBe(0);
  });
});
