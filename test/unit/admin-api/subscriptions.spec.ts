import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAdminApi, PLATFORMS, type AdminApi } from './admin-api.js';

const UNKNOWN = '01kaz8fp3wfj2taq4k3bv8s5ch';
const TARGET = 'http://127.0.0.1:9/hook';

interface Created {
  id: string;
  secret: string;
  apiKey: string;
}

describe.each(PLATFORMS)('receivers and what belongs to them (%s)', (platform) => {
  let api: AdminApi;
  beforeEach(async () => {
    api = await openAdminApi(platform);
  });
  afterEach(() => api.close());

  const create = async (path: string, body: object): Promise<Created> => {
    const answer = await api.call('post', path).send(body);
    expect([answer.body, answer.status]).toEqual([answer.body, 201]);
    return answer.body as Created;
  };
  const receiver = () => create('/receivers', { name: 'Acme', tenant: 'acme' });
  const endpoint = async (body: object = {}) =>
    create(`/receivers/${(await receiver()).id}/endpoints`, { url: TARGET, eventTypes: ['invoice.*'], ...body });

  it('creates, shows, changes and deletes a receiver', async () => {
    const created = await create('/receivers', { name: 'Acme' });
    expect(created).toMatchObject({ name: 'Acme', tenant: 'default', eventTypes: ['*'] });
    const path = `/receivers/${created.id}`;
    expect((await api.call('get', path)).body).toEqual(created);
    const changed = await api.call('patch', path).send({ eventTypes: ['invoice.*'] });
    expect(changed.body).toMatchObject({ name: 'Acme', eventTypes: ['invoice.*'] });
    expect((await api.call('delete', path)).status).toBe(204);
    expect((await api.call('get', path)).status).toBe(404);
  });

  it('does not move a receiver to another tenant', async () => {
    const { id } = await receiver();
    const { status, body } = await api.call('patch', `/receivers/${id}`).send({ tenant: 'other' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ pointer: '/tenant' }] });
  });

  it('shows an API key once, and what it may do afterwards', async () => {
    const { id } = await receiver();
    const path = `/receivers/${id}/credentials`;
    const created = await create(path, { name: 'prod', types: ['invoice.*'], expiresAt: '2027-01-01T00:00:00+01:00' });
    const { apiKey, ...shown } = created;
    expect(apiKey).toMatch(/^sp_/);
    expect(shown).toMatchObject({ scopes: ['events:read'], expiresAt: '2026-12-31T23:00:00.000Z', lastUsedAt: null });
    const list = await api.call('get', path);
    expect((list.body as { items: object[] }).items).toEqual([shown]);
    expect((await api.call('delete', `${path}/${created.id}`)).status).toBe(204);
    expect((await api.call('delete', `${path}/${created.id}`)).status).toBe(404);
  });

  it('takes scopes of routes and of fields, and refuses what is neither', async () => {
    const path = `/receivers/${(await receiver()).id}/credentials`;
    const scopes = ['endpoints:write', 'pii:read'];
    expect(await create(path, { name: 'prod', scopes })).toMatchObject({ scopes });
    const many = Array.from({ length: 51 }, (_, n) => `pii:${n}`);
    for (const refused of [['events:raed'], ['admin'], [], ['pii:read', 'pii:read'], 'events:read', [7], many]) {
      const { status, body } = await api.call('post', path).send({ name: 'prod', scopes: refused });
      expect([refused, status]).toEqual([refused, 400]);
      expect(body).toMatchObject({ errors: [{ pointer: '/scopes' }] });
    }
  });

  it('does not revoke a credential under another receiver', async () => {
    const [first, second] = [await receiver(), await receiver()];
    const credential = await create(`/receivers/${first.id}/credentials`, { name: 'prod' });
    expect((await api.call('delete', `/receivers/${second.id}/credentials/${credential.id}`)).status).toBe(404);
    expect((await api.call('delete', `/receivers/${first.id}/credentials/${credential.id}`)).status).toBe(204);
  });

  it('creates an admin key that works until it is revoked', async () => {
    const key = await create('/keys', { name: 'ops', scopes: ['admin'] });
    expect(key.apiKey).toMatch(/^sa_/);
    expect((await api.call('get', '/stats', key.apiKey)).status).toBe(200);
    expect(JSON.stringify((await api.call('get', '/keys')).body)).not.toContain(key.apiKey);
    expect((await api.call('delete', `/keys/${key.id}`)).status).toBe(204);
    expect((await api.call('get', '/stats', key.apiKey)).status).toBe(401);
  });

  it('shows an endpoint with its defaults, and its secret once', async () => {
    const { secret, ...created } = await endpoint();
    expect(secret).toMatch(/^whsec_/);
    expect(created).toMatchObject({
      tenant: 'acme',
      description: null,
      maxEventsPerSignal: 100,
      minInterval: 0,
      confirm: 'fetch',
      signature: 'standard',
      state: 'active',
      reason: null,
    });
    expect((await api.call('get', `/endpoints/${created.id}`)).body).toEqual(created);
  });

  it('counts minInterval in milliseconds', async () => {
    const { id } = await endpoint({ minInterval: 1_500 });
    const changed = await api.call('patch', `/endpoints/${id}`).send({ minInterval: 2_000, description: 'ours' });
    expect(changed.body).toMatchObject({ minInterval: 2_000, description: 'ours', eventTypes: ['invoice.*'] });
    const cleared = await api.call('patch', `/endpoints/${id}`).send({ description: null });
    expect(cleared.body).toMatchObject({ minInterval: 2_000, description: null });
  });

  it.each([
    ['/url', { url: 'http://10.0.0.1/' }],
    ['/url', { url: 'https://localhost/' }],
    ['/url', { url: 'nonsense' }],
    ['/url', { url: 7 }],
    ['/eventTypes', { eventTypes: [] }],
    ['/eventTypes', { eventTypes: ['a', 'a'] }],
    ['/eventTypes', { eventTypes: ['a*'] }],
    ['/eventTypes', { eventTypes: '*' }],
    ['/maxEventsPerSignal', { maxEventsPerSignal: 251 }],
    ['/minInterval', { minInterval: -1 }],
    ['/confirm', { confirm: null }],
    ['/signature', { signature: 'github' }],
    ['/auth', { auth: { bearer: 'x' } }],
    ['/verify', { verify: true }],
  ])('refuses a wrong %s at creation and at a change, and says what would be right', async (pointer, member) => {
    const { id } = await receiver();
    const asked = await api
      .call('post', `/receivers/${id}/endpoints`)
      .send({ url: TARGET, eventTypes: ['*'], ...member });
    const existing = await endpoint();
    const changed = await api.call('patch', `/endpoints/${existing.id}`).send(member);
    for (const { status, body, type } of [asked, changed]) {
      expect([status, type]).toEqual([400, 'application/problem+json']);
      expect(body).toMatchObject({ errors: [{ pointer, message: expect.stringMatching(/.{10}/) }] });
    }
  });

  it('pauses and resumes an endpoint', async () => {
    const { id } = await endpoint();
    const paused = await api.call('post', `/endpoints/${id}/pause`);
    expect([paused.status, paused.body]).toEqual([200, expect.objectContaining({ state: 'paused', reason: 'paused' })]);
    const resumed = await api.call('post', `/endpoints/${id}/resume`);
    expect([resumed.status, resumed.body]).toEqual([200, expect.objectContaining({ state: 'active', reason: null })]);
  });

  it('rotates a secret with the overlap that is asked for, a day if none is', async () => {
    const { id, secret } = await endpoint();
    const expiries = async () =>
      api.dataSource.query<object[]>('SELECT expires_at - ? AS left FROM signpost_endpoint_secret ORDER BY id', [
        api.clock.now,
      ]);
    const rotated = await api.call('post', `/endpoints/${id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    expect((rotated.body as Created).secret).toMatch(/^whsec_/);
    expect((rotated.body as Created).secret).not.toBe(secret);
    expect(await expiries()).toEqual([{ left: 86_400_000 }, { left: null }]);
    await api.call('post', `/endpoints/${id}/rotate-secret`).send({ overlap: 60 });
    expect(await expiries()).toEqual([{ left: 60_000 }, { left: 60_000 }, { left: null }]);
    const fourth = await api.call('post', `/endpoints/${id}/rotate-secret`).send({ overlap: 60 });
    expect(fourth.status).toBe(409);
    expect((await api.call('post', `/endpoints/${id}/rotate-secret`).send({ overlap: 604_801 })).status).toBe(400);
    await api.call('post', `/endpoints/${id}/rotate-secret`).send({ overlap: 0 });
    expect(await expiries()).toEqual([{ left: null }]);
  });

  it('answers how a test signal ended, or 409 while one is on its way', async () => {
    const { id } = await endpoint();
    const result = { signalId: 'sig_1', outcome: 'failed', status: 500, latencyMs: 3, category: 'http' };
    api.dispatcher.answer = result;
    const ended = await api.call('post', `/endpoints/${id}/test`);
    expect([ended.status, ended.body]).toEqual([200, result]);
    api.dispatcher.answer = 'in-flight';
    expect((await api.call('post', `/endpoints/${id}/test`)).status).toBe(409);
    expect((await api.call('post', `/endpoints/ep_${UNKNOWN}/test`)).status).toBe(404);
  });

  it('describes event types, keeps their schema as it is, and refuses a second one of the same name', async () => {
    const schema = { properties: { constructor: { type: 'string' }, total: { type: 'number' } } };
    const created = await create('/event-types', { name: 'invoice.paid', schema, description: 'Two\nlines' });
    expect(created).toMatchObject({ name: 'invoice.paid', schema, description: 'Two\nlines' });
    expect((await api.call('post', '/event-types').send({ name: 'invoice.paid' })).status).toBe(409);
    const changed = await api.call('patch', '/event-types/invoice.paid').send({ schema: null });
    expect(changed.body).toMatchObject({ schema: null, description: 'Two\nlines' });
    expect((await api.call('patch', '/event-types/invoice.paid').send({ schema: [] })).status).toBe(400);
    expect((await api.call('delete', '/event-types/invoice.paid')).status).toBe(204);
    expect((await api.call('get', '/event-types/invoice.paid')).status).toBe(404);
  });

  it.each([
    ['get', `/receivers/rcv_${UNKNOWN}`],
    ['patch', `/receivers/rcv_${UNKNOWN}`],
    ['delete', `/receivers/rcv_${UNKNOWN}`],
    ['get', `/receivers/ep_${UNKNOWN}`],
    ['get', '/receivers/%00'],
    ['get', `/receivers/rcv_${UNKNOWN}/credentials`],
    ['get', `/receivers/rcv_${UNKNOWN}/endpoints`],
    ['get', `/endpoints/ep_${UNKNOWN}/signals`],
    ['post', `/endpoints/ep_${UNKNOWN}/pause`],
    ['post', `/endpoints/ep_${UNKNOWN}/rotate-secret`],
    ['get', `/events/evt_${UNKNOWN}`],
    ['get', '/event-types/not-a-type'],
  ] as const)('answers 404 for what is not there: %s %s', async (method, path) => {
    const call = api.call(method, path);
    const { status, body } = method === 'patch' ? await call.send({}) : await call;
    expect([status, body]).toEqual([404, expect.objectContaining({ type: 'urn:signpost:problem:not_found' })]);
  });
});
