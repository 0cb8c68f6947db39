import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Retention } from '../../../src/producer/log/retention.js';
import { encodeCursor } from '../../../src/protocol/cursor.js';
import { PLATFORMS, startProducer, type ProducerApp } from '../../support/producer-app.js';
import { until } from '../../support/until.js';

interface EventBody {
  id: string;
  type: string;
  cursor: string;
  subject: string | null;
  data: unknown;
}
interface PageBody {
  events: EventBody[];
  cursor: string;
  more: boolean;
}
interface PositionBody {
  head: string;
  fetched: string;
  acked: string;
  lag: number;
}

const RAW_DATA = '{ "z": 1.0, "p": {"__proto__": {"b": 1}}, "a": 1, "text": "\\u00e9\\/",\n "a": 2 }';

describe.each(PLATFORMS)('the fetch API on %s', (platform) => {
  let producer: ProducerApp;
  let key: string;

  beforeAll(async () => {
    producer = await startProducer(platform, { dispatch: false, publicUrl: 'https://events.example.com' });
  });
  afterAll(() => producer.close());

  async function receiver(
    tenant: string,
    eventTypes = ['*'],
    credential: Record<string, unknown> = {},
  ): Promise<string> {
    const created = await producer.admin<{ id: string }>('POST', '/receivers', { tenant, name: tenant, eventTypes });
    const made = await producer.admin<{ apiKey: string }>('POST', `/receivers/${created.body.id}/credentials`, {
      name: 'test',
      ...credential,
    });
    return made.body.apiKey;
  }

  async function publish(tenant: string, type: string, data = '{}', subject?: string): Promise<string> {
    const head = JSON.stringify({ type, tenant, ...(subject === undefined ? {} : { subject }) }).slice(0, -1);
    const answer = await producer.call<{ id: string }>('POST', '/admin/v1/events', {
      headers: { authorization: 'Bearer test-admin-key-0123456789', 'content-type': 'application/json' },
      body: `${head},"data":${data}}`,
    });
    expect(answer.status).toBe(201);
    return answer.body.id;
  }

  const get = <T = Record<string, unknown>>(path: string, apiKey = key, headers: Record<string, string> = {}) =>
    producer.call<T>('GET', `/v1${path}`, { headers: { authorization: `Bearer ${apiKey}`, ...headers } });
  const post = <T = Record<string, unknown>>(path: string, body: unknown, apiKey = key) =>
    producer.call<T>('POST', `/v1${path}`, {
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const position = async (apiKey = key) => (await get<PositionBody>('/position', apiKey)).body;

  describe('one event', () => {
    it('comes back with its payload byte for byte, read and cached alike', async () => {
      key = await receiver('one');
      const id = await publish('one', 'invoice.paid', RAW_DATA, 'Q"1');
      const [first, second] = [await get(`/events/${id}`), await get(`/events/${id}`)];
      expect(first.text).toContain(`,"data":${RAW_DATA}}`);
      expect(first.body).toMatchObject({ id, type: 'invoice.paid', tenant: 'one', subject: 'Q"1' });
      expect(second.text).toBe(first.text);
      expect(first.headers.get('content-type')).toBe('application/json');
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      expect(first.headers.get('vary')).toBe('Authorization, Accept');
    });

    it('is not sent again to whoever has it', async () => {
      const id = await publish('one', 'invoice.paid');
      const etag = (await get(`/events/${id}`)).headers.get('etag') ?? '';
      const again = await get(`/events/${id}`, key, { 'if-none-match': `"x", W/${etag}` });
      expect(again.status).toBe(304);
      expect(again.text).toBe('');
      expect(again.headers.get('etag')).toBe(etag);
    });

    it('is a CloudEvent where that is asked for, under another validator', async () => {
      const id = await publish('one', 'invoice.paid', RAW_DATA);
      const json = await get(`/events/${id}`);
      const cloud = await get(`/events/${id}`, key, { accept: 'application/cloudevents+json' });
      expect(cloud.headers.get('content-type')).toBe('application/cloudevents+json');
      expect(cloud.body).toMatchObject({ specversion: '1.0', id, source: 'https://events.example.com', tenant: 'one' });
      expect(cloud.body).not.toHaveProperty('subject');
      expect(cloud.text).toContain(`,"data":${RAW_DATA}}`);
      expect(cloud.headers.get('etag')).not.toBe(json.headers.get('etag'));
      expect((await get(`/events/${id}`, key, { accept: 'text/html' })).status).toBe(406);
    });

    it('that is unknown, another tenant’s, not admitted or made up is the same 404, byte for byte', async () => {
      const others = await publish('elsewhere', 'invoice.paid');
      const refused = await publish('one', 'secret.thing');
      await get(`/events/${refused}`);
      const narrow = await receiver('one', ['invoice.*']);
      const answers = await Promise.all([
        get(`/events/${others}`, narrow),
        get(`/events/${refused}`, narrow),
        get('/events/evt_00000000000000000000000000', narrow),
        get('/events/nonsense', narrow),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(
        // But for the time, and for how often this credential has asked.
        new Set(
          answers.map(({ headers }) =>
            JSON.stringify([...headers].filter(([name]) => !/^(date|ratelimit)$/.test(name))),
          ),
        ).size,
      ).toBe(1);
    });

    it('fetched over HEAD is not delivered', async () => {
      const apiKey = await receiver('head');
      const id = await publish('head', 'invoice.paid');
      const head = await producer.call('HEAD', `/v1/events/${id}`, { headers: { authorization: `Bearer ${apiKey}` } });
      expect(head.status).toBe(200);
      expect(head.text).toBe('');
      expect(
        (await producer.call('HEAD', '/v1/events', { headers: { authorization: `Bearer ${apiKey}` } })).status,
      ).toBe(200);
      const before = await position(apiKey);
      await get('/events', apiKey);
      expect((await position(apiKey)).fetched).not.toBe(before.fetched);
    });
  });

  describe('the feed', () => {
    it('goes through the log page by page, and asking after a cursor acknowledges', async () => {
      const apiKey = await receiver('feed');
      const ids = [];
      for (let n = 0; n < 5; n++) ids.push(await publish('feed', 'invoice.paid', `{"n":${n}}`));
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let more = true; more;) {
        const page = await get<PageBody>(`/events?limit=2${cursor ? `&after=${cursor}` : ''}`, apiKey);
        expect(page.status).toBe(200);
        seen.push(...page.body.events.map(({ id }) => id));
        ({ cursor, more } = page.body);
      }
      expect(seen).toEqual(ids);
      expect((await position(apiKey)).lag).toBe(1);
      const end = await get<PageBody>(`/events?after=${cursor ?? ''}`, apiKey);
      expect(end.body).toEqual({ events: [], cursor, more: false });
      expect(await position(apiKey)).toEqual({ head: cursor, fetched: cursor, acked: cursor, lag: 0 });
    });

    it('with ack=false moves nothing', async () => {
      const apiKey = await receiver('quiet');
      await publish('quiet', 'invoice.paid');
      const before = await position(apiKey);
      const page = await get<PageBody>('/events?ack=false', apiKey);
      await get(`/events?ack=false&after=${page.body.cursor}`, apiKey);
      expect(await position(apiKey)).toMatchObject({ fetched: before.fetched, acked: before.acked, lag: 1 });
    });

    it('narrowed by types returns these only, comma-separated or repeated, and does not count the others as fetched', async () => {
      const apiKey = await receiver('types');
      await publish('types', 'a.one');
      await publish('types', 'b.one');
      await publish('types', 'c.one');
      for (const query of ['types=a.*,b.one', 'types=a.*&types=b.one']) {
        const page = await get<PageBody>(`/events?${query}`, apiKey);
        expect(page.body.events.map(({ type }) => type)).toEqual(['a.one', 'b.one']);
      }
      const { head, fetched } = await position(apiKey);
      expect(fetched).not.toBe(head);
    });

    it('waits for the next event, and ends with an empty page when none comes', async () => {
      const apiKey = await receiver('wait');
      const now = await get<PageBody>('/events?after=now', apiKey);
      expect(now.body).toMatchObject({ events: [], more: false });
      const waiting = get<PageBody>(`/events?after=${now.body.cursor}&wait=20`, apiKey);
      const id = await publish('wait', 'invoice.paid');
      expect((await waiting).body.events.map((event) => event.id)).toEqual([id]);
      const none = await get<PageBody>('/events?after=now&wait=1', apiKey);
      expect(none.body.events).toEqual([]);
    });

    it('is NDJSON, one event a line whatever line breaks a payload has, with the place of an empty answer in a header', async () => {
      const apiKey = await receiver('lines');
      for (let n = 0; n < 3; n++) await publish('lines', 'invoice.paid', RAW_DATA);
      const accept = { accept: 'application/x-ndjson' };
      const answer = await get('/events', apiKey, accept);
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      const lines = answer.text.trimEnd().split('\n');
      const events = lines.map((line) => JSON.parse(line) as EventBody);
      expect(events.map(({ data }) => data)).toEqual(Array(3).fill(JSON.parse(RAW_DATA)));
      const rest = await get(`/events?after=${events.at(-1)?.cursor ?? ''}`, apiKey, accept);
      expect(rest.text).toBe('');
      expect(rest.headers.get('signpost-cursor')).toBe(events.at(-1)?.cursor);
    });

    it('that is long comes whole, with the length of its bytes', async () => {
      const apiKey = await receiver('long');
      const data = (number: number) => `{"n":${number},"text":"${'é€😀'.repeat(2_000)}"}`;
      for (let number = 0; number < 12; number++) await publish('long', 'invoice.paid', data(number));
      const answers = await Promise.all(
        ['application/json', 'application/cloudevents-batch+json', 'application/x-ndjson'].map((accept) =>
          get('/events?ack=false', apiKey, { accept }),
        ),
      );
      for (const { text, headers } of answers) {
        expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
        for (let number = 0; number < 12; number++) expect(text).toContain(`"data":${data(number)}}`);
      }
      const [json, batch, lines] = answers.map(({ text }) => text);
      expect((JSON.parse(json ?? '') as PageBody).events.map(({ data }) => data)).toHaveLength(12);
      expect(JSON.parse(batch ?? '')).toHaveLength(12);
      expect(lines?.trimEnd().split('\n')).toHaveLength(12);
    });

    it('is a CloudEvents batch with its place in headers', async () => {
      const apiKey = await receiver('batch-ce');
      await publish('batch-ce', 'invoice.paid');
      const answer = await get<{ specversion: string }[]>('/events', apiKey, {
        accept: 'application/cloudevents-batch+json',
      });
      expect(answer.body.map(({ specversion }) => specversion)).toEqual(['1.0']);
      const page = await get<PageBody>('/events?ack=false', apiKey);
      expect(answer.headers.get('signpost-cursor')).toBe(page.body.cursor);
      expect(answer.headers.get('signpost-more')).toBe('false');
    });

    it.each([
      ['limit=0', 400, '/limit'],
      ['limit=1001', 400, '/limit'],
      ['limit=1e2', 400, '/limit'],
      ['limit=', 400, '/limit'],
      ['limit=1&limit=2', 400, '/limit'],
      ['wait=31', 400, '/wait'],
      ['wait=-1', 400, '/wait'],
      ['ack=no', 400, '/ack'],
      ['after=', 400, '/after'],
      ['after=nonsense', 400, '/after'],
      ['after=now&after=now', 400, '/after'],
      ['types=', 400, '/types'],
      ['types=a..b', 400, '/types'],
      ['nope=1', 400, '/nope'],
    ])('with ?%s is refused with a pointer', async (query, status, pointer) => {
      const answer = await get(`/events?${query}`, key);
      expect({ status: answer.status, errors: answer.body['errors'] }).toMatchObject({ status, errors: [{ pointer }] });
    });

    it('refuses a cursor that is ahead of the log', async () => {
      const ahead = encodeCursor({ partition: 0, position: 1_000_000 });
      const { status, body } = await get(`/events?after=${ahead}`, key);
      expect([status, body['type']]).toEqual([400, 'urn:signpost:problem:invalid_cursor']);
    });
  });

  describe('several events by id', () => {
    it('are answered one by one, in the order of the request, duplicates included', async () => {
      const apiKey = await receiver('batch');
      const other = await publish('elsewhere', 'invoice.paid');
      const ids = [];
      for (let n = 0; n < 40; n++) ids.push(await publish('batch', 'invoice.paid', `{"n":${n}}`));
      const asked = [...ids.toReversed(), other, 'nonsense', ids[0]];
      const answer = await post<{ results: { id: string; status: number; event?: EventBody; problem?: object }[] }>(
        '/events/batch',
        { ids: asked },
        apiKey,
      );
      expect(answer.status).toBe(200);
      expect(answer.body.results.map(({ id }) => id)).toEqual(asked);
      expect(answer.body.results.map(({ status }) => status)).toEqual([...Array(40).fill(200), 404, 404, 200]);
      expect(answer.body.results[0]?.event?.data).toEqual({ n: 39 });
      expect(answer.body.results[40]?.problem).toEqual(answer.body.results[41]?.problem);
    });

    it.each([
      ['no ids', { ids: [] }, 400],
      ['too many ids', { ids: Array(101).fill('evt_x') }, 400],
      ['numbers', { ids: [1] }, 400],
      ['an unknown member', { ids: ['evt_x'], more: 1 }, 400],
      ['no JSON', '{', 400],
      ['too large a body', JSON.stringify({ ids: ['x'.repeat(1_100_000)] }), 413],
    ])('with %s are refused', async (_, body, status) => {
      const answer = await post('/events/batch', body, key);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });
  });

  describe('a body that is none', () => {
    const JSON_TYPE = 'application/json';
    it.each<[string, string | undefined, string | Buffer | undefined, number]>([
      ['nothing at all', undefined, undefined, 415],
      ['a type and no bytes', JSON_TYPE, '', 400],
      ['plain text', 'text/plain', '{"ids":["x"]}', 415],
      ['a form', 'application/x-www-form-urlencoded', 'ids=x', 415],
      ['a type that nobody knows', 'image/png', '{"ids":["x"]}', 415],
      ['another charset', 'application/json; charset=iso-8859-1', '{"ids":["x"]}', 415],
      ['bytes that are not UTF-8', JSON_TYPE, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400],
      ['a list', JSON_TYPE, '[]', 400],
      ['a number', JSON_TYPE, '1', 400],
      ['a doubled member', JSON_TYPE, '{"ids":["x"],"ids":["y"]}', 400],
      ['deep nesting', JSON_TYPE, `{"ids":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400],
    ])('(%s) is the client’s fault, as a problem', async (_, contentType, body, status) => {
      const answer = await producer.call('POST', '/v1/events/batch', {
        headers: {
          authorization: `Bearer ${key}`,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        },
        ...(body === undefined ? {} : { body }),
      });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body['status']).toBe(status);
    });

    it.each([
      ['broken escapes', '%zz'],
      ['a null character', '%00'],
      ['an emoji', '%F0%9F%98%80'],
      ['ninety characters', 'x'.repeat(90)],
      ['a path', '..%2f..'],
      ['a trailing space', 'evt_01kaz8fp3wfj2taq4k3bv8s5ch%20'],
    ])('nor is an id that is %s', async (_, id) => {
      const { status } = await get(`/events/${id}`);
      expect([400, 404]).toContain(status);
    });
  });

  describe('acks', () => {
    it('through a cursor are durable when they are answered', async () => {
      const apiKey = await receiver('ack');
      await publish('ack', 'invoice.paid');
      const page = await get<PageBody>('/events?ack=false', apiKey);
      const answer = await post('/acks', { through: page.body.cursor }, apiKey);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect((await position(apiKey)).acked).toBe(page.body.cursor);
    });

    it('by id pass over what the receiver may not read', async () => {
      const apiKey = await receiver('ack-ids');
      const id = await publish('ack-ids', 'invoice.paid');
      const other = await publish('elsewhere', 'invoice.paid');
      expect((await post('/acks', { ids: [id, other, 'nonsense'] }, apiKey)).status).toBe(204);
    });

    it.each([
      ['neither', {}],
      ['both', { through: 'x', ids: ['x'] }],
      ['a made-up cursor', { through: 'x' }],
      ['null', { through: null }],
    ])('with %s are refused', async (_, body) => {
      expect((await post('/acks', body, key)).status).toBe(400);
    });
  });

  describe('event types', () => {
    it('are those that the receiver may read', async () => {
      for (const name of ['cat.a', 'cat.b', 'dog.a']) await producer.admin('POST', '/event-types', { name });
      const apiKey = await receiver('catalogue', ['*'], { types: ['cat.*'] });
      const names = async (query: string) =>
        (await get<{ items: { name: string }[]; cursor: string; more: boolean }>(`/event-types${query}`, apiKey)).body;
      expect((await names('')).items.map(({ name }) => name)).toEqual(['cat.a', 'cat.b']);
      const first = await names('?limit=1');
      expect(first.items.map(({ name }) => name)).toEqual(['cat.a']);
      expect((await names(`?after=${first.cursor}`)).items.map(({ name }) => name)).toEqual(['cat.b']);
      expect((await get('/event-types/cat.a', apiKey)).body).toMatchObject({ name: 'cat.a', schema: null });
      const [hidden, unknown] = [await get('/event-types/dog.a', apiKey), await get('/event-types/no.such', apiKey)];
      expect([hidden.status, hidden.text]).toEqual([404, unknown.text]);
    });
  });

  it('gives nothing to whoever has no key', async () => {
    for (const path of ['/events', '/events/evt_x', '/position', '/event-types']) {
      const answer = await get(path, 'sp_nonsense');
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('leaves a trace of each read and of each denial', async () => {
    const created = await producer.admin<{ id: string }>('POST', '/receivers', { tenant: 'trace', name: 'trace' });
    const made = await producer.admin<{ apiKey: string }>('POST', `/receivers/${created.body.id}/credentials`, {
      name: 't',
    });
    const id = await publish('trace', 'invoice.paid');
    await get(`/events/${id}`, made.body.apiKey);
    await get('/events/evt_00000000000000000000000000', made.body.apiKey);
    await get('/events', made.body.apiKey);
    await get('/events?after=AQAAAAAAAAAAAAAAAAAAAAAA', made.body.apiKey);
    const { AccessLog } = await import('../../../src/producer/access/access-log.js');
    const log = producer.app.get(AccessLog);
    const rows = await until(async () => {
      const { items } = await log.list({ receiver: created.body.id as never, limit: 10 });
      return items.length >= 4 ? items : undefined;
    });
    expect(rows.map(({ action, status, count }) => [action, status, count]).toReversed()).toEqual([
      ['event', 200, 1],
      ['event', 404, 0],
      ['feed', 200, 1],
      ['feed', 400, 0],
    ]);
  });

  it('says of an expired event and of an expired cursor that they are gone, and where to go on', async () => {
    const clock = { now: Date.UTC(2026, 0, 1) };
    const aged = await startProducer(platform, { dispatch: false, retentionMs: 60_000, now: () => clock.now });
    try {
      const { body: created } = await aged.admin<{ id: string }>('POST', '/receivers', { tenant: 'old', name: 'old' });
      const { body: made } = await aged.admin<{ apiKey: string }>('POST', `/receivers/${created.id}/credentials`, {
        name: 'old',
      });
      const read = <T>(path: string) =>
        aged.call<T>('GET', `/v1${path}`, { headers: { authorization: `Bearer ${made.apiKey}` } });
      const publishOld = async () =>
        (await aged.admin<{ id: string }>('POST', '/events', { type: 'a.b', tenant: 'old', data: 1 })).body.id;
      const first = await publishOld();
      const second = await publishOld();
      const page = await read<PageBody>('/events?limit=1');
      expect((await read(`/events/${first}`)).status).toBe(200);

      clock.now += 61_000;
      await aged.app.get(Retention).runOnce();
      const gone = await read<{ type: string }>(`/events/${first}`);
      expect([gone.status, gone.body.type]).toEqual([410, 'urn:signpost:problem:gone_expired']);
      const expired = await read<{ type: string; oldest: string }>(`/events?after=${page.body.cursor}`);
      expect([expired.status, expired.body.type]).toEqual([410, 'urn:signpost:problem:cursor_expired']);
      const third = await publishOld();
      const rest = await read<PageBody>(`/events?after=${expired.body.oldest}`);
      expect(rest.body.events.map(({ id }) => id)).toEqual([third]);
      const batch = await aged.call<{ results: { status: number }[] }>('POST', '/v1/events/batch', {
        headers: { authorization: `Bearer ${made.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ids: [second, third] }),
      });
      expect(batch.body.results.map(({ status }) => status)).toEqual([410, 200]);
    } finally {
      await aged.close();
    }
  });
});
