import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAdminApi, type AdminApi } from './admin-api.js';

interface Standing {
  endpoints: { endpoint: string; receiver: string; state: string }[];
  moreEndpoints: boolean;
}

describe('an event, and where it stands', () => {
  let api: AdminApi;
  beforeEach(async () => {
    api = await openAdminApi('fastify');
  });
  afterEach(() => api.close());

  const publish = async (type = 'invoice.paid', tenant = 'default'): Promise<string> => {
    const { body } = await api.call('post', '/events').send({ type, tenant, data: 'canary-payload' });
    return (body as { id: string }).id;
  };
  const receiver = (given: { eventTypes?: string[]; tenant?: string } = {}) =>
    api.receivers.create({ name: 'r', ...given });
  const endpoint = (of: Awaited<ReturnType<typeof receiver>>, eventTypes = ['*'], start: 'now' | 'oldest' = 'now') =>
    api.endpoints.create(of.id, { url: 'http://127.0.0.1:9/', eventTypes, start });
  const standing = async (event: string): Promise<Standing> => {
    const { status, body } = await api.call('get', `/events/${event}`);
    expect(status).toBe(200);
    return body as Standing;
  };
  const states = async (event: string) => (await standing(event)).endpoints.map(({ state }) => state);

  it('is shown without its payload', async () => {
    const id = await publish();
    const { text, body } = await api.call('get', `/events/${id}`);
    expect(body).toMatchObject({ id, type: 'invoice.paid', tenant: 'default', subject: null, gone: null });
    expect(text + (await api.call('get', '/events')).text).not.toContain('canary');
  });

  it('concerns the endpoints whose filter and whose receiver admit it, of its tenant, from their start on', async () => {
    await endpoint(await receiver(), ['*'], 'now').then(({ id }) => api.endpoints.remove(id));
    const early = await receiver();
    const [all, prefix, exact] = [
      await endpoint(early, ['*']),
      await endpoint(early, ['invoice.*', '*']),
      await endpoint(early, ['invoice.paid']),
    ];
    await endpoint(early, ['customer.*', 'invoice', 'invoice.paid.twice']);
    await endpoint(await receiver({ eventTypes: ['customer.*'] }));
    await endpoint(await receiver({ tenant: 'other' }));
    const id = await publish();
    await endpoint(early, ['*'], 'now');
    const oldest = await endpoint(early, ['*'], 'oldest');
    const { endpoints, moreEndpoints } = await standing(id);
    expect(endpoints.map(({ endpoint }) => endpoint)).toEqual([all, prefix, exact, oldest].map((each) => each.id));
    expect(new Set(endpoints.map(({ receiver }) => receiver))).toEqual(new Set([early.id]));
    expect(moreEndpoints).toBe(false);
  });

  it('waits, is signalled, fetched and acked, each with all before it', async () => {
    const own = await receiver();
    const { id } = await endpoint(own);
    const [first, second] = [await publish(), await publish()];
    expect([await states(first), await states(second)]).toEqual([['waiting'], ['waiting']]);
    await api.setPosition(id, { signalled_through: 1 });
    expect([await states(first), await states(second)]).toEqual([['signalled'], ['waiting']]);
    const marks = (fetched: number, acked: number) =>
      api.dataSource.query(
        `INSERT INTO signpost_receiver_position (receiver_id, fetched_through, acked_through) VALUES (?, ?, ?)
         ON CONFLICT (receiver_id) DO UPDATE SET fetched_through = excluded.fetched_through, acked_through = excluded.acked_through`,
        [own.id, fetched, acked],
      );
    await marks(1, 0);
    expect([await states(first), await states(second)]).toEqual([['fetched'], ['waiting']]);
    await marks(2, 1);
    expect([await states(first), await states(second)]).toEqual([['acked'], ['fetched']]);
  });

  it('is fetched or acked out of order for one receiver and not for another', async () => {
    const [one, other] = [await receiver(), await receiver()];
    await endpoint(one);
    await endpoint(other);
    const [first, second] = [await publish(), await publish()];
    const receipt = (acked: 0 | 1) =>
      api.dataSource.query(
        `INSERT INTO signpost_receipt (receiver_id, position, acked) VALUES (?, 2, ?)
         ON CONFLICT DO UPDATE SET acked = excluded.acked`,
        [one.id, acked],
      );
    await receipt(0);
    expect([await states(first), await states(second)]).toEqual([
      ['waiting', 'waiting'],
      ['fetched', 'waiting'],
    ]);
    await receipt(1);
    expect(await states(second)).toEqual(['acked', 'waiting']);
  });

  it('is found by tenant, type and subject', async () => {
    await api.call('post', '/events').send({ type: 'a.b', tenant: 't1', subject: 's1', data: 1 });
    await api.call('post', '/events').send({ type: 'a.b', tenant: 't2', subject: 's2', data: 1 });
    await api.call('post', '/events').send({ type: 'a.c', tenant: 't2', subject: 's1', data: 1 });
    const found = async (query: string) => {
      const { body } = await api.call('get', `/events?${query}`);
      return (body as { items: { tenant: string; type: string }[] }).items.map(
        ({ tenant, type }) => `${tenant} ${type}`,
      );
    };
    expect(await found('tenant=t2')).toEqual(['t2 a.b', 't2 a.c']);
    expect(await found('type=a.b')).toEqual(['t1 a.b', 't2 a.b']);
    expect(await found('subject=s1')).toEqual(['t1 a.b', 't2 a.c']);
    expect(await found('subject=s1&tenant=t2')).toEqual(['t2 a.c']);
    expect(await found('type=a')).toEqual([]);
  });
});
