import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DATABASES } from '../support/databases.js';
import { startProducer, TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';

const EMAIL = 'canary-email@example.com';
const NAME = 'canary-name-41';
/** Spelt as no `JSON.stringify` would. */
const DATA = `{ "z": 1.0,  "customer": {"name":"${NAME}" , "email":"${EMAIL}","n":1e3},\n "lines":[{"note":"${NAME}","net":"9.50"},{"net":"\\u0031"}] }`;
const WITHOUT = `{ "z": 1.0,  "customer": {"n":1e3},\n "lines":[{"net":"9.50"},{"net":"\\u0031"}] }`;
const FIELDS = [
  { pointer: '/customer/email', scope: 'pii:read' },
  { pointer: '/customer/name', scope: 'pii:names' },
  { pointer: '/lines/*/note', scope: 'pii:names' },
  { pointer: '/absent', scope: 'pii:read' },
];
const REDACTED = ['/customer/email', '/customer/name', '/lines/*/note'];

const BAD: [unknown, string][] = [
  [[{ pointer: 'customer', scope: 'pii:read' }], '/sensitiveFields/0/pointer'],
  [[{ pointer: '/a~2', scope: 'pii:read' }], '/sensitiveFields/0/pointer'],
  [[FIELDS[0], { pointer: '/a', scope: 'events:read' }], '/sensitiveFields/1/scope'],
  [[{ pointer: '/a', scope: 'PII:read' }], '/sensitiveFields/0/scope'],
  [[{ pointer: '/a' }], '/sensitiveFields/0/scope'],
  [[{ pointer: '/a', scope: 'pii:read', why: 1 }], '/sensitiveFields/0/why'],
  [[FIELDS[0], { ...FIELDS[0], scope: 'pii:other' }], '/sensitiveFields'],
  [Array.from({ length: 101 }, (_, n) => ({ pointer: `/${n}`, scope: 'pii:read' })), '/sensitiveFields'],
  ['/customer', '/sensitiveFields'],
];

describe.each(DATABASES)('sensitive fields, on %s', (database) => {
  let producer: ProducerApp;
  let receiver: string;

  beforeEach(async () => {
    producer = await startProducer('fastify', { dispatch: false }, database);
    receiver = String((await producer.admin('POST', '/receivers', { name: 'r', tenant: 'acme' })).body.id);
  });
  afterEach(() => producer.close());

  /** What asks with a credential of these scopes. */
  async function reader(...scopes: string[]) {
    const { body } = await producer.admin('POST', `/receivers/${receiver}/credentials`, { name: 'c', scopes });
    const authorization = `Bearer ${String(body.apiKey)}`;
    return {
      get: (path: string, headers: Record<string, string> = {}) =>
        producer.call('GET', `/v1${path}`, { headers: { authorization, ...headers } }),
      batch: (ids: string[]) =>
        producer.call('POST', '/v1/events/batch', {
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ ids }),
        }),
    };
  }

  async function publish(type = 'invoice.paid', data = DATA): Promise<string> {
    const answer = await producer.call('POST', '/admin/v1/events', {
      headers: { authorization: `Bearer ${TEST_ADMIN_KEY}`, 'content-type': 'application/json' },
      body: `{"type":"${type}","tenant":"acme","data":${data}}`,
    });
    expect(answer.status).toBe(201);
    return String(answer.body.id);
  }

  const declare = (sensitiveFields: unknown, name = 'invoice.paid') =>
    producer.admin('POST', '/event-types', { name, sensitiveFields });

  it('stay away from whoever lacks the scope, in every representation, and every other byte is as it was stored', async () => {
    expect((await declare(FIELDS)).status).toBe(201);
    const id = await publish();
    const all = await reader('events:read', 'pii:read', 'pii:names');
    const some = await reader('events:read', 'pii:read');
    const none = await reader('events:read');

    const whole = await all.get(`/events/${id}`);
    expect(whole.text).toContain(`"data":${DATA}}`);
    expect(whole.body).not.toHaveProperty('redacted');

    // Asked twice: read, and from the cache.
    for (const answer of [await none.get(`/events/${id}`), await none.get(`/events/${id}`)]) {
      expect(answer.text).toContain(`"data":${WITHOUT},"redacted":${JSON.stringify(REDACTED)}}`);
    }
    expect((await some.get(`/events/${id}`)).body).toMatchObject({
      data: { customer: { email: EMAIL } },
      redacted: ['/customer/name', '/lines/*/note'],
    });

    const cloud = await none.get(`/events/${id}`, { accept: 'application/cloudevents+json' });
    expect(cloud.text).toContain(`"data":${WITHOUT}}`);
    expect(cloud.body.redacted).toBe(JSON.stringify(REDACTED));

    const answers = {
      feed: await none.get('/events?ack=false'),
      batch: await none.batch([id]),
      clouds: await none.get('/events?ack=false', { accept: 'application/cloudevents-batch+json' }),
    };
    for (const { text } of Object.values(answers)) expect(text).toContain(`"data":${WITHOUT}`);
    const lines = await none.get('/events?ack=false', { accept: 'application/x-ndjson' });
    expect(JSON.parse(lines.text)).toMatchObject({ data: JSON.parse(WITHOUT), redacted: REDACTED });
    for (const { text } of [...Object.values(answers), lines, cloud]) {
      expect(text).toContain('redacted');
      expect(text).not.toContain(EMAIL);
      expect(text).not.toContain(NAME);
    }
    expect((await all.get('/events?ack=false')).text).toContain(`"data":${DATA}}`);
  });

  it('have validators of their own: what one reader has is never taken for what another one may have', async () => {
    await declare(FIELDS);
    const id = await publish();
    const [all, some, none] = [
      await reader('events:read', 'pii:read', 'pii:names'),
      await reader('events:read', 'pii:names'),
      await reader('events:read'),
    ];
    for (const accept of ['application/json', 'application/cloudevents+json']) {
      const readers = [all, some, none];
      const answers = await Promise.all(readers.map((each) => each.get(`/events/${id}`, { accept })));
      const tags = answers.map(({ headers }) => headers.get('etag') ?? '');
      expect(new Set(tags).size).toBe(3);
      expect(answers.every(({ headers }) => headers.get('vary') === 'Authorization, Accept')).toBe(true);
      for (const [index, each] of readers.entries()) {
        const own = await each.get(`/events/${id}`, { accept, 'if-none-match': tags[index] ?? '' });
        expect(own.status).toBe(304);
        const others = tags.filter((_, other) => other !== index).join(', ');
        expect((await each.get(`/events/${id}`, { accept, 'if-none-match': others })).status).toBe(200);
      }
    }
  });

  it('are what they are now, for events that are there and in the cache already', async () => {
    const id = await publish();
    const none = await reader('events:read');
    expect((await none.get(`/events/${id}`)).text).toContain(EMAIL);
    await declare(FIELDS);
    expect((await none.get(`/events/${id}`)).text).not.toContain(EMAIL);
    await producer.admin('PATCH', '/event-types/invoice.paid', { sensitiveFields: [FIELDS[1]] });
    const again = await none.get(`/events/${id}`);
    expect(again.text).toContain(EMAIL);
    expect(again.body.redacted).toEqual(['/customer/name']);
    expect((await producer.admin('DELETE', '/event-types/invoice.paid')).status).toBe(409);
    await producer.admin('PATCH', '/event-types/invoice.paid', { sensitiveFields: null });
    expect((await producer.admin('DELETE', '/event-types/invoice.paid')).status).toBe(204);
    expect((await none.get(`/events/${id}`)).text).toContain(`"data":${DATA}}`);
  });

  it('can be the whole payload', async () => {
    await declare([{ pointer: '', scope: 'pii:read' }]);
    const id = await publish();
    expect((await (await reader('events:read')).get(`/events/${id}`)).body).toMatchObject({
      data: null,
      redacted: [''],
    });
  });

  it('are shown in both catalogues', async () => {
    await declare(FIELDS);
    const own = await (await reader('events:read')).get('/event-types/invoice.paid');
    expect(own.body.sensitiveFields).toEqual(FIELDS);
    expect((await producer.admin('GET', '/event-types/invoice.paid')).body.sensitiveFields).toEqual(FIELDS);
  });

  it('that cannot be declared are refused with their pointer', async () => {
    for (const [fields, pointer] of BAD) {
      const answer = await declare(fields);
      expect(answer.status).toBe(400);
      const { errors } = answer.body as unknown as { errors: { pointer: string }[] };
      expect(errors.map((error) => error.pointer)).toContain(pointer);
    }
    expect((await producer.admin('GET', '/event-types')).body.items).toEqual([]);
  });
});
