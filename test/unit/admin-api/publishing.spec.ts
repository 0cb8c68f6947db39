import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isId } from '../../../src/protocol/ids.js';
import { openAdminApi, PLATFORMS, type AdminApi } from './admin-api.js';

const EVENT = { type: 'invoice.paid', tenant: 'acme', subject: 'inv_1', data: { total: '119.00' } };

describe.each(PLATFORMS)('publishing over HTTP (%s)', (platform) => {
  let api: AdminApi;
  beforeEach(async () => {
    api = await openAdminApi(platform);
  });
  afterEach(() => api.close());

  const published = async () => (await api.store.bounds()).head;
  const storedData = async (id: string) => {
    const [row] = await api.dataSource.query<{ data: string }[]>('SELECT data FROM signpost_event WHERE id = ?', [id]);
    return row?.data;
  };
  const publishText = (body: string, path = '/events') =>
    api.call('post', path).set('content-type', 'application/json').send(body);

  it('answers 201 with all but the payload, once the event is in the log', async () => {
    const occurredAt = '2026-11-23T12:00:00.5+01:00';
    const answer = await api.call('post', '/events').send({ ...EVENT, occurredAt });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^evt_/),
      type: 'invoice.paid',
      tenant: 'acme',
      subject: 'inv_1',
      occurredAt: '2026-11-23T11:00:00.500Z',
      recordedAt: new Date(api.clock.now).toISOString(),
      cursor: expect.stringMatching(/^[\w-]{24}$/),
    });
    expect(await published()).toBe(1);
  });

  it('keeps the payload as the text that was sent', async () => {
    const data = '{ "b": 1.50, "a": [1e2, "\\u00e9"],\n"constructor": null }';
    const { body } = await publishText(`{"type":"a.b","data":${data}}`);
    expect(await storedData((body as { id: string }).id)).toBe(data);
  });

  it.each(['null', 'false', '0', '""', '[]'])('takes %s as a payload', async (data) => {
    const { status, body } = await publishText(`{"type":"a.b","data":${data}}`);
    expect(status).toBe(201);
    expect(await storedData((body as { id: string }).id)).toBe(data);
  });

  it('refuses an event without a payload, and names the member', async () => {
    const { status, body } = await api.call('post', '/events').send({ type: 'a.b' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ type: 'urn:signpost:problem:invalid_request', errors: [{ pointer: '/data' }] });
  });

  it.each([
    ['/type', { type: 'invoice paid' }],
    ['/tenant', { tenant: 'a/b' }],
    ['/tenant', { tenant: null }],
    ['/subject', { subject: 'a\u0007b' }],
    ['/subject', { subject: 'x'.repeat(513) }],
    ['/occurredAt', { occurredAt: '2026-11-23' }],
    ['/occurredAt', { occurredAt: '2026-02-30T00:00:00Z' }],
    ['/occurredAt', { occurredAt: 1_795_455_000_000 }],
    ['/extra', { extra: 1 }],
  ])('refuses a wrong member with its pointer: %s', async (pointer, member) => {
    const { status, body } = await api.call('post', '/events').send({ ...EVENT, ...member });
    expect(status).toBe(400);
    expect((body as { errors: unknown[] }).errors).toEqual([{ pointer, message: expect.stringMatching(/./) }]);
    expect(await published()).toBe(0);
  });

  describe('under an idempotency key', () => {
    const publish = (body: object, key = 'k-1') => api.call('post', '/events').set('idempotency-key', key).send(body);

    it('answers a repeated request with 200 and the first answer, and writes nothing', async () => {
      const first = await publish(EVENT);
      api.clock.now += 60_000;
      const second = await publish(EVENT);
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(second.body).toEqual(first.body);
      expect(await published()).toBe(1);
    });

    it('answers 409 for another body, and writes nothing', async () => {
      await publish(EVENT);
      const { status, body } = await publish({ ...EVENT, data: { total: '1.00' } });
      expect(status).toBe(409);
      expect(body).toMatchObject({ type: 'urn:signpost:problem:idempotency_conflict' });
      expect(await published()).toBe(1);
    });

    it.each(['', 'with space', 'x'.repeat(256), 'caf\u00e9'])('refuses the key %j', async (key) => {
      const { status } = await publish(EVENT, key);
      expect(status).toBe(400);
      expect(await published()).toBe(0);
    });
  });

  it('keeps a trace context, and ignores a malformed one', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const header of [traceparent, 'nonsense']) {
      const { status } = await api.call('post', '/events').set('traceparent', header).send(EVENT);
      expect(status).toBe(201);
    }
    const rows = await api.dataSource.query<object[]>('SELECT traceparent FROM signpost_event ORDER BY ordinal');
    expect(rows).toEqual([{ traceparent }, { traceparent: null }]);
  });

  describe('in a batch', () => {
    const batch = (events: object[], key?: string) => {
      const call = api.call('post', '/events/batch');
      return (key === undefined ? call : call.set('idempotency-key', key)).send({ events });
    };
    const [a, b, c] = ['a', 'b', 'c'].map((type) => ({ type, data: { of: type } })) as [object, object, object];

    it('answers the ids in the order of the request', async () => {
      const { status, body } = await batch([a, b]);
      expect(status).toBe(201);
      const { ids } = body as { ids: string[] };
      expect(ids.every((id) => isId('evt', id))).toBe(true);
      expect(await Promise.all(ids.map(storedData))).toEqual(['{"of":"a"}', '{"of":"b"}']);
    });

    it('writes none when one is wrong, and says which', async () => {
      const { status, body } = await batch([a, { type: 'b b', data: 1 }]);
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: [{ pointer: '/events/1/type' }] });
      expect(await published()).toBe(0);
    });

    it.each([[[[]]], [[null]], [['x']], [{}], [true], [[[a]]]])('refuses %j as a batch', async (events) => {
      const { status } = await api.call('post', '/events/batch').send({ events });
      expect(status).toBe(400);
      expect(await published()).toBe(0);
    });

    it('takes 1 to 1,000 events', async () => {
      expect((await batch([])).status).toBe(400);
      const tooMany = await batch(Array.from({ length: 1_001 }, () => ({ wrong: 1 })));
      expect(tooMany.status).toBe(400);
      expect((tooMany.body as { errors: object[] }).errors).toEqual([
        { pointer: '/events', message: expect.stringContaining('1000') },
      ]);
      expect(await published()).toBe(0);
      expect((await batch(Array.from({ length: 1_000 }, () => a))).status).toBe(201);
    });

    it('takes more than 1 MiB in a batch, and not in a single event', async () => {
      const large = { type: 'a', data: 'x'.repeat(700_000) };
      expect((await batch([large, large])).status).toBe(201);
      const { status, body } = await publishText(JSON.stringify({ ...large, data: 'x'.repeat(1_100_000) }));
      expect(status).toBe(413);
      expect(body).toMatchObject({ type: 'urn:signpost:problem:payload_too_large' });
      expect(await published()).toBe(2);
    });

    it('repeats a batch as a whole under its key', async () => {
      const first = await batch([a, b], 'k');
      const second = await batch([a, b], 'k');
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(second.body).toEqual(first.body);
      expect(await published()).toBe(2);
    });

    it.each([
      ['shorter', [a]],
      ['longer', [a, b, c]],
      ['reordered', [b, a]],
      ['changed', [a, c]],
    ])('answers 409 for a batch that is %s under the same key, and writes none of it', async (_, other) => {
      await batch([a, b], 'k');
      expect((await batch(other, 'k')).status).toBe(409);
      expect(await published()).toBe(2);
    });

    it('shares its keys with single events', async () => {
      await batch([a, b], 'k');
      const { status } = await api.call('post', '/events').set('idempotency-key', 'k').send(a);
      expect(status).toBe(409);
    });
  });

  it('is open to a key with the scope for it, which opens nothing else', async () => {
    const { apiKey } = await api.adminKeys.create({ name: 'producer', scopes: ['events:publish'] });
    expect((await api.call('post', '/events', apiKey).send(EVENT)).status).toBe(201);
    expect((await api.call('post', '/events/batch', apiKey).send({ events: [EVENT] })).status).toBe(201);
    for (const path of ['/events', '/receivers', '/keys', '/stats', '/event-types']) {
      const { status, body } = await api.call('get', path, apiKey);
      expect([path, status]).toEqual([path, 403]);
      expect(body).toMatchObject({ type: 'urn:signpost:problem:forbidden' });
    }
  });
});
