import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EndpointId } from '../../../src/protocol/ids.js';
import { openAdminApi, type AdminApi } from './admin-api.js';

interface Page {
  items: Record<string, unknown>[];
  cursor: string | null;
  more: boolean;
}

describe('lists of the admin API', () => {
  let api: AdminApi;
  let receiver: string;
  let endpoint: EndpointId;

  beforeAll(async () => {
    api = await openAdminApi('fastify');
    for (const name of ['a', 'b', 'c']) {
      receiver = (await api.receivers.create({ name, tenant: name === 'b' ? 'other' : 'default' })).id;
      await api.eventTypes.create({ name });
      await api.adminKeys.create({ name, scopes: ['admin'] });
    }
    const own = (await api.receivers.list({ limit: 1 })).items[0];
    if (!own) throw new Error('no receiver');
    receiver = own.id;
    for (const path of ['a', 'b', 'c']) {
      await api.credentials.create(own.id, { name: path });
      const given = { url: `http://127.0.0.1:9/${path}`, eventTypes: ['*'] };
      endpoint = (await api.endpoints.create(own.id, given)).id;
    }
    for (const [ordinal, status] of [200, 500, 410].entries()) {
      await api.dataSource.query(
        `INSERT INTO signpost_signal (endpoint_id, signal_id, kind, event_count, attempt, sent_at, outcome, status, latency_ms)
         VALUES (?, ?, 'events', 1, 1, ?, 'failed', ?, 1)`,
        [endpoint, `sig_${ordinal}`, api.clock.now, status],
      );
    }
    await api.publish(3);
  });
  afterAll(() => api.close());

  const page = async (path: string, query = ''): Promise<Page> => {
    const { status, body } = await api.call('get', `${path}${query}`);
    expect([status, body]).toEqual([200, body]);
    return body as Page;
  };

  const lists: [string, () => string, string][] = [
    ['receivers', () => '/receivers', 'name'],
    ['event types', () => '/event-types', 'name'],
    ['credentials', () => `/receivers/${receiver}/credentials`, 'name'],
    ['endpoints', () => `/receivers/${receiver}/endpoints`, 'id'],
    ['attempts', () => `/endpoints/${endpoint}/signals`, 'status'],
    ['events', () => '/events', 'id'],
    ['keys', () => '/keys', 'name'],
  ];

  describe.each(lists)('of %s', (_, path, member) => {
    it('comes whole in one page, or page by page without a gap or a double', async () => {
      const whole = await page(path());
      expect(whole.more).toBe(false);
      const seen: unknown[] = [];
      for (let after = '', more = true; more;) {
        const next = await page(path(), `?limit=1${after}`);
        seen.push(...next.items.map((item) => item[member]));
        expect(next.items).toHaveLength(1);
        after = `&after=${String(next.cursor)}`;
        more = next.more;
      }
      expect(seen).toEqual(whole.items.map((item) => item[member]));
      expect(seen.length).toBeGreaterThanOrEqual(3);
    });

    it('keeps its place when there is nothing behind it', async () => {
      const { cursor } = await page(path());
      expect(await page(path(), `?after=${String(cursor)}`)).toEqual({ items: [], cursor, more: false });
    });

    it('takes a cursor in the one spelling that it was given out in', async () => {
      const { cursor } = await page(path());
      for (const other of [`${String(cursor)}=`, `${String(cursor)}%20`, `-${String(cursor)}`]) {
        expect((await api.call('get', `${path()}?after=${other}`)).status).toBe(400);
      }
    });

    it.each(['x', '', 'cmN2IG5vcGU', 'A'.repeat(24), '%00', '-1', "'"])('refuses the cursor %j', async (cursor) => {
      const { status, body } = await api.call('get', `${path()}?after=${cursor}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ type: 'urn:signpost:problem:invalid_cursor', errors: [{ pointer: '/after' }] });
    });

    it.each(['0', '1001', '1.5', 'x', '', '1&limit=2'])('refuses the limit %j', async (limit) => {
      const { status, body } = await api.call('get', `${path()}?limit=${limit}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: [{ pointer: '/limit', message: expect.stringContaining('1 to 1000') }] });
    });

    it('refuses a parameter that it does not know', async () => {
      const { status, body } = await api.call('get', `${path()}?offset=1`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: [{ pointer: '/offset' }] });
    });
  });

  it('does not take the cursor of one list in another', async () => {
    const { cursor } = await page('/receivers');
    expect((await api.call('get', `/keys?after=${String(cursor)}`)).status).toBe(400);
  });

  it('narrows receivers to a tenant', async () => {
    expect((await page('/receivers', '?tenant=other')).items.map(({ name }) => name)).toEqual(['b']);
  });

  it('shows attempts newest first', async () => {
    expect((await page(`/endpoints/${endpoint}/signals`)).items.map(({ status }) => status)).toEqual([410, 500, 200]);
  });
});
