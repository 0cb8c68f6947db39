import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createAdminApiDocument, createFetchApiDocument } from '../../src/index.js';
import { ChangeLog, type ChangeView } from '../../src/producer/access/change-log.js';
import { DATABASES } from '../support/databases.js';
import { receiverOfItsOwn } from '../support/own-endpoints.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';

const UNKNOWN = '01kaz8fp3wfj2taq4k3bv8s5ch';
const CANARY = 'canary7f3a';
/** Why these leave none: the log itself has what was published. */
const NO_CHANGES = ['POST /admin/v1/events', 'POST /admin/v1/events/batch'];
const PREFIX: Record<string, string> = { receiverId: 'rcv', endpointId: 'ep', credentialId: 'key', keyId: 'key' };

interface Page {
  items: ChangeView[];
  cursor: string | null;
  more: boolean;
}

describe.each(DATABASES)('the audit of changes on %s', (database) => {
  let producer: ProducerApp;
  beforeAll(async () => {
    producer = await startProducer('fastify', { dispatch: false }, database);
  });
  afterAll(() => producer.close());

  const changes = async (query = '') => {
    const answer = await producer.admin<Page>('GET', `/changes?${query}`);
    expect([query, answer.status]).toEqual([query, 200]);
    return answer.body;
  };
  const newest = async () => (await changes('limit=1')).items[0];
  const made = async (path: string, body: object) => (await producer.admin<{ id: string }>('POST', path, body)).body;
  const configured = { kind: 'configured-key', id: null, name: null };

  it('has a row of every route that changes something, whatever becomes of the request', async () => {
    const routes = changing(createAdminApiDocument(producer.app));
    expect(routes.length).toBeGreaterThan(15);
    const without: string[] = [];
    for (const [method, path] of routes) {
      const before = (await newest())?.id;
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => `${PREFIX[name] ?? 'x.y'}_${UNKNOWN}`);
      const answer = await producer.call(method, filled, {
        headers: { authorization: 'Bearer test-admin-key-0123456789', 'content-type': 'application/json' },
        body: '{"unknown":1}',
      });
      const row = await newest();
      if (row === undefined || row.id === before) without.push(`${method} ${path}`);
      else expect([path, row]).toEqual([path, expect.objectContaining({ status: answer.status, actor: configured })]);
      expect(row?.action ?? '').not.toMatch(/Controller/);
    }
    expect(without.sort()).toEqual(NO_CHANGES);
  });

  it('has a row of every route by which a receiver changes its own endpoints, in the name of its credential', async () => {
    const routes = changing(createFetchApiDocument(producer.app)).filter(([, path]) =>
      path.startsWith('/v1/endpoints'),
    );
    expect(routes.length).toBeGreaterThan(5);
    const own = await receiverOfItsOwn(producer);
    const body = { url: `http://127.0.0.1:9/${CANARY}`, eventTypes: ['*'], description: CANARY };
    const { id } = (await own.ask<{ id: string }>('POST', '', body)).body;
    const sent = { description: CANARY, unknown: CANARY };
    const actor = { kind: 'credential', id: expect.stringMatching(/^key_/), name: null };
    const expected = { actor, receiver: own.receiver };
    expect(await newest()).toMatchObject({ ...expected, target: id, fields: Object.keys(body), status: 201 });
    await own.ask('PATCH', `/${id}`, { description: CANARY });
    expect(await newest()).toMatchObject({ ...expected, target: id, fields: ['description'], status: 200 });
    // The last one removes it.
    const inOrder = routes.toSorted(([a], [b]) => Number(a === 'DELETE') - Number(b === 'DELETE'));
    for (const [method, path] of inOrder) {
      const before = (await newest())?.id;
      const at = path.slice('/v1/endpoints'.length).replace('{endpointId}', id);
      const { status } = await own.ask(method, at, sent);
      const row = await newest();
      expect([method, path, row?.id === before]).toEqual([method, path, false]);
      expect([method, path, row]).toEqual([method, path, expect.objectContaining({ ...expected, status })]);
      expect(row?.action).toMatch(/^(endpoint|secret)\.[a-z]+$/);
    }
    const { items } = await changes(`receiver=${own.receiver}`);
    expect(items.slice(0, routes.length).map(({ status }) => status)).toEqual(expect.arrayContaining([204, 400]));

    const rows = await producer.app.get(DataSource).query<unknown[]>('SELECT * FROM signpost_change');
    expect(JSON.stringify(rows)).not.toContain(CANARY);
  });

  it('says who did what to whom, from where, with the names of what was sent, and no value', async () => {
    const receiver = await made('/receivers', { name: CANARY, tenant: 'acme' });
    const url = `http://127.0.0.1:9/${CANARY}`;
    const endpoint = await made(`/receivers/${receiver.id}/endpoints`, { url, eventTypes: ['*'] });
    const credential = await made(`/receivers/${receiver.id}/credentials`, { name: CANARY });
    await producer.admin('PATCH', `/endpoints/${endpoint.id}`, { description: CANARY, url });
    await producer.admin('PATCH', `/endpoints/${endpoint.id}`, { description: [CANARY], [CANARY]: 1 });
    await producer.admin('DELETE', `/endpoints/${endpoint.id}`);
    await producer.admin('DELETE', `/receivers/${receiver.id}/credentials/${credential.id}`);
    await producer.admin('DELETE', `/keys/sa_${CANARY}`);
    await producer.admin('POST', '/event-types', { name: 'invoice.paid', description: CANARY });

    const { items } = await changes(`receiver=${receiver.id}`);
    const own = {
      receiver: receiver.id,
      actor: configured,
      at: expect.any(String),
      id: expect.any(String),
      count: null,
    };
    const address = expect.stringContaining('127.0.0.1');
    expect(items).toEqual([
      { ...own, action: 'credential.revoke', target: credential.id, fields: null, status: 204, address },
      { ...own, action: 'endpoint.delete', target: endpoint.id, fields: null, status: 204, address },
      { ...own, action: 'endpoint.update', target: endpoint.id, fields: null, status: 400, address },
      { ...own, action: 'endpoint.update', target: endpoint.id, fields: ['description', 'url'], status: 200, address },
      { ...own, action: 'credential.create', target: credential.id, fields: ['name'], status: 201, address },
      { ...own, action: 'endpoint.create', target: endpoint.id, fields: ['url', 'eventTypes'], status: 201, address },
      {
        ...own,
        action: 'receiver.create',
        target: receiver.id,
        fields: expect.arrayContaining(['name', 'tenant']),
        status: 201,
        address,
      },
    ]);
    expect((await newest())?.target).toBe('invoice.paid');
    const rows = await producer.app.get(DataSource).query<unknown[]>('SELECT * FROM signpost_change');
    expect(rows.length).toBeGreaterThan(8);
    expect(JSON.stringify(rows)).not.toContain(CANARY);
  });

  it('has who was refused: without a key, with a wrong one, and without the scope, reads included', async () => {
    const { id, apiKey } = (
      await producer.admin<{ id: string; apiKey: string }>('POST', '/keys', {
        name: 'billing',
        scopes: ['events:publish'],
      })
    ).body;
    const call = (key?: string) =>
      producer.call('GET', '/admin/v1/receivers', key ? { headers: { authorization: `Bearer ${key}` } } : {});
    await call();
    await call(`${apiKey.slice(0, -7)}${apiKey.at(-7) === 'x' ? 'y' : 'x'}${apiKey.slice(-6)}`);
    await call(apiKey);
    const { items } = await changes('limit=3');
    expect(items).toMatchObject([
      { action: 'receivers.list', status: 403, actor: { kind: 'admin-key', id, name: 'billing' } },
      { action: 'receivers.list', status: 401, actor: { kind: 'nobody' } },
      { action: 'receivers.list', status: 401, actor: { kind: 'nobody', id: null } },
    ]);
    expect((await changes(`actor=${id}`)).items.map(({ status }) => status)).toEqual(
      expect.arrayContaining([403]) as unknown as number[],
    );
  });

  it('is found by target, action and time, page by page', async () => {
    const { id } = await made('/receivers', { name: 'r' });
    for (let n = 0; n < 5; n++) await producer.admin('PATCH', `/receivers/${id}`, { name: `r${n}` });
    const seen: string[] = [];
    let after = '';
    for (let more = true; more;) {
      const page = await changes(`target=${id}&action=receiver.update&limit=2${after}`);
      seen.push(...page.items.map((row) => row.id));
      more = page.more;
      after = `&after=${page.cursor}`;
    }
    expect(new Set(seen).size).toBe(5);
    const all = (await changes(`target=${id}`)).items;
    expect(all.map(({ action }) => action)).toEqual([...Array<string>(5).fill('receiver.update'), 'receiver.create']);
    const since = encodeURIComponent(all[0]?.at ?? '');
    expect((await changes(`target=${id}&until=${since}`)).items.length).toBeLessThan(6);
    expect((await changes(`target=${id}&since=2999-01-01T00:00:00Z`)).items).toEqual([]);
    expect((await producer.admin('GET', '/changes?target=%00')).status).toBe(400);
    expect((await producer.admin('GET', '/changes?since=yesterday')).status).toBe(400);
  });

  it('nothing is changed while the audit cannot be written, and what was begun when the process ended is there', async () => {
    const dataSource = producer.app.get(DataSource);
    await dataSource.query('ALTER TABLE signpost_change RENAME TO away');
    const refused = await producer.admin('POST', '/receivers', { name: 'unseen' });
    await dataSource.query('ALTER TABLE away RENAME TO signpost_change');
    expect(refused.status).toBeGreaterThanOrEqual(500);
    const names = (await producer.admin<{ items: { name: string }[] }>('GET', '/receivers?limit=1000')).body.items;
    expect(names.map(({ name }) => name)).not.toContain('unseen');

    const log = producer.app.get(ChangeLog);
    const actor = { kind: 'cli', id: null, name: null } as const;
    await log.begin({ actor, action: 'master-key.rotate', target: null, receiver: null, address: null });
    expect(await newest()).toMatchObject({ action: 'master-key.rotate', status: null, actor });
  });

  it('is pruned from its old end, a bounded piece at a time', async () => {
    const log = producer.app.get(ChangeLog);
    const before = (await changes('limit=1000')).items.length;
    expect(await log.prune(Date.now() + 3_600_000, 3)).toBe(3);
    expect((await changes('limit=1000')).items).toHaveLength(before - 3);
    expect(await log.prune(0, 3)).toBe(0);
  });
});

/** Method and path of every operation that is no read. */
function changing({ paths }: { paths: Record<string, object> }): (readonly [string, string])[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'get')
      .map((method) => [method.toUpperCase(), path] as const),
  );
}
