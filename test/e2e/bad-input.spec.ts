import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createAdminApiDocument, createFetchApiDocument } from '../../src/index.js';
import { storedRows } from '../support/databases.js';
import { DEFAULT_BODY_LIMIT, PUBLIC_ROUTES, ROUTES, type Route } from '../support/routes.js';
import {
  HOSTS,
  startProducer,
  TEST_ADMIN_KEY,
  type Answer,
  type CallInit,
  type ProducerApp,
} from '../support/producer-app.js';

const UNKNOWN_ID = '01kaz8fp3wfj2taq4k3bv8s5ch';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const named = (routes: readonly Route[]) => routes.map((route): [string, Route] => [nameOf(route), route]);
const parametersOf = ({ path }: Route) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** The event itself, its payload text or its times do not matter here: only what the route cannot make sense of. */
const BAD_BODIES: [string, string | Buffer, number][] = [
  ['nothing', '', 400],
  ['half an object', '{"name":', 400],
  ['no JSON', 'name=x', 400],
  ['a trailing comma', '{"name":"x",}', 400],
  ['two values', '{} {}', 400],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
  ['a byte order mark', '\ufeff{}', 400],
  ['a list', '[]', 400],
  ['null', 'null', 400],
  ['text', '"x"', 400],
  ['depth', '['.repeat(100_000), 400],
  ['an inexact number', '{"name":12345678901234567890}', 400],
];

const BAD_IDS = [
  'x',
  UNKNOWN_ID,
  `evt_${UNKNOWN_ID.toUpperCase()}`,
  `rcv_${UNKNOWN_ID}x`,
  '%00',
  '%zz',
  '..%2f..',
  "'%20or%201=1",
  '%F0%9F%92%A9',
  'x'.repeat(2_000),
];

describe.each(HOSTS)('bad input (%s with %s)', (platform, database) => {
  let producer: ProducerApp;
  let ids: Record<string, string>;
  let keys: { receiver: string; expired: string; revokedReceiver: string; revokedAdmin: string };
  let before: string | undefined;

  beforeAll(async () => {
    producer = await startProducer(platform, { dispatch: false }, database);
    const make = async (path: string, body: object) => {
      const answer = await producer.admin<{ id: string; apiKey: string }>('POST', path, body);
      expect([answer.status, path]).toEqual([201, path]);
      return answer.body;
    };
    const receiver = await make('/receivers', { name: 'r' });
    const endpoint = await make(`/receivers/${receiver.id}/endpoints`, {
      url: 'http://127.0.0.1:9/',
      eventTypes: ['*'],
    });
    const credentials = `/receivers/${receiver.id}/credentials`;
    const scopes = ['events:read', 'endpoints:write'];
    const credential = await make(credentials, { name: 'live', scopes });
    const expired = await make(credentials, { name: 'expired', expiresAt: '2020-01-01T00:00:00Z' });
    const revoked = await make(credentials, { name: 'revoked' });
    await producer.admin('DELETE', `${credentials}/${revoked.id}`);
    const key = await make('/keys', { name: 'k', scopes: ['admin'] });
    const revokedKey = await make('/keys', { name: 'gone', scopes: ['admin'] });
    await producer.admin('DELETE', `/keys/${revokedKey.id}`);
    await make('/event-types', { name: 'a.b' });
    const event = await make('/events', { type: 'a.b', data: 1 });
    ids = {
      receiverId: receiver.id,
      endpointId: endpoint.id,
      credentialId: credential.id,
      keyId: key.id,
      eventId: event.id,
      id: event.id,
      type: 'a.b',
    };
    keys = {
      receiver: credential.apiKey,
      expired: expired.apiKey,
      revokedReceiver: revoked.apiKey,
      revokedAdmin: revokedKey.apiKey,
    };
  });
  afterAll(() => producer.close());

  /** Everything that is stored, but for the audit and the time a key was last used. */
  const stored = async (): Promise<string> => {
    const tables = await storedRows(producer.app.get(DataSource));
    tables.delete('signpost_access');
    tables.delete('signpost_change');
    const text = (row: Record<string, unknown>) => JSON.stringify({ ...row, last_used_at: null });
    return JSON.stringify([...tables].map(([name, rows]) => [name, rows.map(text).sort()]));
  };
  beforeAll(async () => {
    before = await stored();
  });

  const pathOf = (route: Route, replace: Record<string, string> = {}) =>
    route.path.replace(/\{(\w+)\}/g, (_, name: string) => replace[name] ?? ids[name] ?? '');
  const keyFor = (route: Route) => (route.api === 'admin' ? TEST_ADMIN_KEY : keys.receiver);
  const call = (route: Route, { path = pathOf(route), headers = {}, ...init }: CallInit & { path?: string } = {}) =>
    producer.call(route.method, path, {
      ...init,
      headers: { authorization: `Bearer ${keyFor(route)}`, ...headers },
    });
  const json = { 'content-type': 'application/json' };
  const rightBody = (route: Route): CallInit => (route.body ? { headers: json, body: JSON.stringify(route.body) } : {});

  /** Refused with the right status, as a problem. That nothing was written is looked at after each route. */
  const expectRefusal = (answer: Answer<unknown>, ...statuses: number[]): void => {
    expect({ ...pick(answer), expected: statuses.includes(answer.status) }).toEqual({
      ...pick(answer),
      type: 'application/problem+json',
      expected: true,
    });
    expect(answer.body).toMatchObject({
      type: expect.stringMatching(/^urn:signpost:problem:[a-z_]+$/),
      title: expect.stringMatching(/./),
      status: answer.status,
    });
  };
  const pick = ({ status, headers, text }: Answer<unknown>) => ({ status, type: headers.get('content-type'), text });

  it('is tried on every route that the documents describe', () => {
    const documents = [createAdminApiDocument(producer.app), createFetchApiDocument(producer.app)];
    const described = documents.flatMap(({ paths }) =>
      Object.entries(paths).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    );
    expect([...ROUTES.map(nameOf), ...PUBLIC_ROUTES].sort()).toEqual(described.sort());
  });

  describe.each(named(ROUTES))('%s', (_, route) => {
    it('refuses a request without a credential, with a wrong one, or with one of the other API', async () => {
      const other = route.api === 'admin' ? keys.receiver : TEST_ADMIN_KEY;
      const revoked = route.api === 'admin' ? keys.revokedAdmin : keys.revokedReceiver;
      const wrong = `${keyFor(route).slice(0, -1)}${keyFor(route).endsWith('x') ? 'y' : 'x'}`;
      const headers = [
        '',
        'Bearer',
        'Bearer x',
        `Bearer ${wrong}`,
        `Bearer ${other}`,
        `Bearer ${revoked}`,
        `Bearer whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        'Bearer eyJhbGciOiJub25lIn0.e30.',
        'Basic !!!',
        `Basic ${Buffer.from(`x:${other}`).toString('base64')}`,
        `Digest ${keyFor(route)}`,
        'x'.repeat(5_000),
      ];
      if (route.api === 'fetch') headers.push(`Bearer ${keys.expired}`);
      for (const authorization of headers) {
        const right = rightBody(route);
        const answer = await producer.call(route.method, pathOf(route), {
          ...right,
          headers: { ...right.headers, ...(authorization === '' ? {} : { authorization }) },
        });
        expectRefusal(answer, 401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^(Bearer|Basic)/);
        expect(answer.body).toEqual({
          type: 'urn:signpost:problem:unauthorized',
          title: expect.anything(),
          status: 401,
        });
      }
    });

    if (parametersOf(route).length > 0) {
      it.each(BAD_IDS)('answers 404 for the bad id %j', async (bad) => {
        for (const name of parametersOf(route)) {
          const answer = await call(route, { ...rightBody(route), path: pathOf(route, { [name]: bad }) });
          // The framework may refuse an escape that is none, or so long a path, before it looks for a route.
          expectRefusal(answer, ...(bad === '%zz' || bad.length > 256 ? [400, 404] : [404]));
        }
      });
    }

    if (route.list) {
      it.each(['x', '%00', 'A'.repeat(24), 'A'.repeat(3_000), '-1', '%27', '1&after=2'])(
        'refuses the cursor %j',
        async (cursor) => {
          expectRefusal(await call(route, { path: `${pathOf(route)}?after=${cursor}` }), 400);
        },
      );

      it.each([
        'limit=0',
        'limit=1001',
        'limit=x',
        'limit=1&limit=2',
        'limit=1.5',
        'unknown=1',
        '__proto__=1',
        'constructor=1',
      ])('refuses the query %j', async (query) => {
        expectRefusal(await call(route, { path: `${pathOf(route)}?${query}` }), 400);
      });
    }

    if (route.body) {
      it.each(route.bodyOptional ? BAD_BODIES.filter(([name]) => name !== 'nothing') : BAD_BODIES)(
        'refuses a body of %s',
        async (__, body, status) => {
          expectRefusal(await call(route, { headers: json, body }), status);
        },
      );

      it('refuses a member that it does not know, one that stands twice, and one that would set the prototype', async () => {
        const text = JSON.stringify(route.body);
        const [first = ''] = Object.keys(route.body ?? {});
        for (const [member, pointer] of [
          ['"unknown":1', '/unknown'],
          ['"constructor":1', '/constructor'],
          ['"__proto__":{}', '/__proto__'],
          [`${JSON.stringify(first)}:1`, `/${first}`],
        ]) {
          const answer = await call(route, { headers: json, body: `${text.slice(0, -1)},${member}}` });
          expectRefusal(answer, 400);
          expect(answer.body).toMatchObject({ errors: expect.arrayContaining([expect.objectContaining({ pointer })]) });
        }
      });

      it('refuses members of a wrong kind', async () => {
        for (const name of Object.keys(route.body ?? {}).filter((each) => each !== 'data')) {
          for (const value of [true, {}, [[]], [null], -1, '']) {
            const body = JSON.stringify({ ...route.body, [name]: value });
            expectRefusal(await call(route, { headers: json, body }), 400);
          }
        }
      });

      it.each([
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json; charset=latin1',
        'nonsense',
      ])('refuses the content type %s', async (type) => {
        const body = JSON.stringify(route.body);
        expectRefusal(await call(route, { headers: { 'content-type': type }, body }), 415);
      });

      it('refuses a body that is too large', async () => {
        const body = JSON.stringify({ ...route.body, padding: 'x'.repeat(route.limit ?? DEFAULT_BODY_LIMIT) });
        expectRefusal(await call(route, { headers: json, body }), 413);
      });
    }

    it('does not take another method', async () => {
      const taken = ROUTES.filter(({ path }) => path === route.path).map(({ method }) => method as string);
      for (const method of METHODS.filter((each) => !taken.includes(each))) {
        // What stands under `{eventId}` or `{id}` is asked for by name here.
        if (method === 'GET' && route.path.endsWith('/events/batch')) continue;
        const answer = await producer.call(method, pathOf(route), {
          headers: { authorization: `Bearer ${keyFor(route)}` },
        });
        expectRefusal(answer, 404, 405);
      }
    });

    it('has written nothing of all this', async () => {
      expect(await stored()).toBe(before);
    });
  });

  it.each(['/', '/v1', '/v2/events', '/admin/v1', '/admin/v1/nothing', '/v1/events/a/b', '/%2e%2e/v1'])(
    'answers 404 for a path that is none: %s',
    async (path) => {
      expectRefusal(await producer.call('GET', path, { headers: { authorization: `Bearer ${TEST_ADMIN_KEY}` } }), 404);
    },
  );
});
