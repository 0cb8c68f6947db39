import { describe, expect, it } from '@jest/globals';
import {
  InvalidArgumentError,
  SignpostClient,
  type SignpostClientOptions,
} from '../../../src/receiver/client/index.js';
import { SIGNPOST_VERSION } from '../../../src/protocol/version.js';
import { API_KEY, clientOf, event, eventId, page, problemAnswer, rejection, startProducer } from './producer-server.js';

describe('a call', () => {
  it('carries the credential, asks for plain JSON and says who asks', async () => {
    const producer = await startProducer({ json: event(1) });
    await clientOf(producer.url).client.getEvent(eventId(1));
    const [seen] = producer.seen;
    expect(seen).toMatchObject({ method: 'GET', path: `/v1/events/${eventId(1)}` });
    expect(seen?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `Signpost-Client/${SIGNPOST_VERSION}`,
    });
  });

  it.each(['/prefix', '/prefix/'])('goes below the path %s of the base URL', async (prefix) => {
    const producer = await startProducer({ json: { head: 'h', fetched: 'f', acked: 'a', lag: 3 } });
    const { client } = clientOf(`${producer.url}${prefix}`);
    expect(await client.position()).toEqual({ head: 'h', fetched: 'f', acked: 'a', lag: 3 });
    expect(producer.seen[0]?.path).toBe('/prefix/v1/position');
  });

  it('hands cursors on as they are, whatever is in them', async () => {
    const producer = await startProducer(page([], 'next&more=1', false));
    const { client } = clientOf(producer.url);
    const { cursor } = await client.page({
      after: 'a b&limit=1/+%',
      types: ['a.*', 'b'],
      limit: 7,
      waitSeconds: 3,
      ack: false,
    });
    expect(cursor).toBe('next&more=1');
    expect(producer.seen[0]?.query).toEqual({
      after: 'a b&limit=1/+%',
      types: 'a.*,b',
      limit: '7',
      wait: '3',
      ack: 'false',
    });
  });

  it('without a place begins at the oldest event', async () => {
    const producer = await startProducer(page([], 'c', false));
    const { client } = clientOf(producer.url);
    for (const after of [null, undefined]) await client.page({ after });
    expect(producer.seen.map(({ query }) => query)).toEqual([{}, {}]);
  });

  it('keeps members that it does not know', async () => {
    const producer = await startProducer({ json: event(1, { later: 'addition' }) });
    expect(await clientOf(producer.url).client.getEvent(eventId(1))).toMatchObject({ later: 'addition' });
  });
});

describe('a batch of events', () => {
  it('takes any number of ids, a hundred at once, and answers in their order', async () => {
    const producer = await startProducer((response, { body }) => {
      const { ids } = JSON.parse(body) as { ids: string[] };
      const results = ids.map((id) =>
        id === eventId(7)
          ? { id, status: 410, problem: { type: 'urn:signpost:problem:gone_erased', title: 'gone', status: 410 } }
          : { id, status: 200, event: event(0, { id }) },
      );
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
    });
    const ids = Array.from({ length: 250 }, (_, n) => eventId(n));
    const results = await clientOf(producer.url).client.getEvents(ids);
    expect(results.map(({ id }) => id)).toEqual(ids);
    expect(producer.seen.map(({ body }) => (JSON.parse(body) as { ids: string[] }).ids.length)).toEqual([100, 100, 50]);
    expect(results.map((result) => (result.status === 200 ? result.event.id : result.problem.type))[7]).toBe(
      'urn:signpost:problem:gone_erased',
    );
  });

  it('of no ids asks nobody', async () => {
    const producer = await startProducer();
    expect(await clientOf(producer.url).client.getEvents([])).toEqual([]);
    expect(producer.seen).toEqual([]);
  });

  it('that is too large to read is asked for in halves', async () => {
    const producer = await startProducer((response, { body }) => {
      const { ids } = JSON.parse(body) as { ids: string[] };
      const results = ids.map((id) => ({ id, status: 200, event: event(0, { id, data: 'x'.repeat(600) }) }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
    });
    const { client } = clientOf(producer.url, { maxPageBytes: 2_000 });
    const ids = [1, 2, 3, 4, 5].map(eventId);
    expect((await client.getEvents(ids)).map(({ id }) => id)).toEqual(ids);
  });

  it('whose answers are not those to the ids is refused', async () => {
    const swapped = [2, 1].map((n) => ({ id: eventId(n), status: 200, event: event(n) }));
    const producer = await startProducer({ json: { results: swapped } });
    const error = await rejection(clientOf(producer.url).client.getEvents([eventId(1), eventId(2)]));
    expect(error).toMatchObject({ code: 'unexpected_answer' });
  });
});

describe('an acknowledgement', () => {
  it('names a cursor, or any number of events, a thousand at once', async () => {
    const producer = await startProducer({ status: 204 });
    const { client } = clientOf(producer.url);
    await client.ack({ through: 'c9' });
    await client.ack({ ids: Array.from({ length: 1_001 }, (_, n) => eventId(n)) });
    const bodies = producer.seen.map(({ body }) => JSON.parse(body) as { through?: string; ids?: string[] });
    expect(bodies.map(({ through, ids }) => through ?? ids?.length)).toEqual(['c9', 1_000, 1]);
  });
});

describe('the catalogue', () => {
  it('is read through all its pages', async () => {
    const producer = await startProducer(
      { json: { items: [{ name: 'a', description: null, schema: null }], cursor: 'one', more: true } },
      { json: { items: [{ name: 'b', description: 'B', schema: {} }], cursor: 'two', more: false } },
    );
    const types = await clientOf(producer.url).client.eventTypes();
    expect(types.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(producer.seen.map(({ query }) => query['after'])).toEqual([undefined, 'one']);
  });

  it('that says there is more, but not where, is refused instead of read for ever', async () => {
    const producer = await startProducer({ json: { items: [], cursor: 'one', more: true } });
    expect(await rejection(clientOf(producer.url).client.eventTypes())).toMatchObject({ code: 'unexpected_answer' });
    expect(producer.seen.length).toBe(2);
  });

  it('has single types', async () => {
    const producer = await startProducer({ json: { name: 'a.b', description: null, schema: null } });
    expect(await clientOf(producer.url).client.eventType('a.b')).toMatchObject({ name: 'a.b' });
    expect(producer.seen[0]?.path).toBe('/v1/event-types/a.b');
  });
});

describe('endpoints', () => {
  const endpoint = {
    id: 'ep_01m84qa7e0eb2rw2vsb9mww82t',
    url: 'https://hooks.example.com/signals',
    eventTypes: ['*'],
    description: null,
    state: 'pending',
    reason: null,
  };

  const attempt = { signalId: 'sig_1', outcome: 'failed', status: 500, latencyMs: 3, category: 'http_server_error' };

  it('are the receiver’s own to look after', async () => {
    const producer = await startProducer(
      { json: { items: [endpoint], cursor: 'x', more: false } },
      { status: 201, json: { ...endpoint, secret: 'whsec_x' } },
      { json: { ...endpoint, eventTypes: ['a'] } },
      { json: endpoint },
      { json: { ...endpoint, secret: 'whsec_y' } },
      { json: { ...endpoint, state: 'pending' } },
      { json: attempt },
      { json: { items: [{ ...attempt, kind: 'test' }], cursor: 'x', more: true } },
      { status: 204 },
    );
    const { endpoints } = clientOf(producer.url).client;
    expect((await endpoints.list()).map(({ id }) => id)).toEqual([endpoint.id]);
    expect(await endpoints.create({ url: endpoint.url, eventTypes: ['*'] })).toMatchObject({ secret: 'whsec_x' });
    expect(await endpoints.update(endpoint.id, { eventTypes: ['a'] })).toMatchObject({ eventTypes: ['a'] });
    expect(await endpoints.get(endpoint.id)).toMatchObject({ state: 'pending' });
    expect(await endpoints.rotateSecret(endpoint.id)).toMatchObject({ secret: 'whsec_y' });
    expect(await endpoints.verify(endpoint.id)).toMatchObject({ state: 'pending' });
    expect(await endpoints.test(endpoint.id)).toEqual(attempt);
    expect(await endpoints.signals(endpoint.id, { after: 'c', limit: 1 })).toMatchObject({ items: [{ kind: 'test' }] });
    expect(await endpoints.delete(endpoint.id)).toBeUndefined();
    expect(producer.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/endpoints',
      'POST /v1/endpoints',
      `PATCH /v1/endpoints/${endpoint.id}`,
      `GET /v1/endpoints/${endpoint.id}`,
      `POST /v1/endpoints/${endpoint.id}/rotate-secret`,
      `POST /v1/endpoints/${endpoint.id}/verify`,
      `POST /v1/endpoints/${endpoint.id}/test`,
      `GET /v1/endpoints/${endpoint.id}/signals`,
      `DELETE /v1/endpoints/${endpoint.id}`,
    ]);
  });

  it('are not made twice, nor tested, when an answer is lost', async () => {
    const producer = await startProducer(problemAnswer(503, 'unavailable'));
    const { client } = clientOf(producer.url);
    expect(await rejection(client.endpoints.create({ url: endpoint.url, eventTypes: ['*'] }))).toMatchObject({
      code: 'unavailable',
    });
    expect(await rejection(client.endpoints.test(endpoint.id))).toMatchObject({ code: 'unavailable' });
    expect(producer.seen.length).toBe(2);
  });
});

describe('what cannot work', () => {
  const valid = { url: 'https://events.example.com', apiKey: API_KEY };

  it.each<[string, Record<string, unknown>]>([
    ['url', { url: undefined }],
    ['url', { url: 'events.example.com' }],
    ['url', { url: 'ftp://events.example.com' }],
    ['url', { url: 'https://user@events.example.com' }],
    ['url', { url: 'https://:canary@events.example.com' }],
    ['url', { url: 'https://events.example.com/?canary' }],
    ['url', { url: 'https://events.example.com/#canary' }],
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: 'canary\n' }],
    ['The credential', { apiKey: undefined }],
    ['The credential', { accessToken: () => 'canary' }],
    ['The credential', { clientId: 'key_1', clientSecret: 'canary' }],
    ['clientSecret', { apiKey: undefined, clientId: 'key_1' }],
    ['tokenUrl', { apiKey: undefined, clientId: 'key_1', clientSecret: 'canary', tokenUrl: 'canary' }],
    ['accessToken', { apiKey: undefined, accessToken: 'canary' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['tries', { tries: 1.5 }],
    ['maxPageBytes', { maxPageBytes: 0 }],
  ])('stops the client at once and names %s', (argument, changes) => {
    const make = () => new SignpostClient({ ...valid, ...changes } as SignpostClientOptions);
    expect(make).toThrow(InvalidArgumentError);
    try {
      make();
    } catch (error) {
      expect(error).toMatchObject({ argument });
      expect(String(error)).not.toContain('canary');
    }
  });

  it('is never sent', async () => {
    const producer = await startProducer(page([], 'c', false));
    const { client } = clientOf(producer.url);
    const calls = [
      client.getEvent('../../admin'),
      client.getEvent(''),
      client.eventType('..'),
      client.endpoints.update('..', {}),
      client.endpoints.delete('..'),
      client.page({ after: '' }),
      client.page({ types: [] }),
      client.page({ waitSeconds: 31 }),
      client.page({ waitSeconds: 0.5 }),
    ];
    for (const call of calls) expect(await rejection(call)).toBeInstanceOf(InvalidArgumentError);
    expect(producer.seen).toEqual([]);
  });
});
