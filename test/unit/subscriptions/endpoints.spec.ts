import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EndpointId, ReceiverId } from '../../../src/protocol/ids.js';
import {
  openSubscriptions,
  RefusedTargetError,
  START,
  type Subscriptions,
} from '../../support/subscription-services.js';

const UNKNOWN = 'ep_00000000000000000000000000' as EndpointId;
const URL = 'https://example.com/hooks/acme';

describe('an endpoint', () => {
  let db: Subscriptions;
  let receiver: ReceiverId;
  const create = (given = {}) => db.endpoints.create(receiver, { url: URL, eventTypes: ['invoice.*'], ...given });
  const row = async (id: EndpointId) => {
    const [found] = await db.dataSource.query<Record<string, unknown>[]>(
      'SELECT * FROM signpost_endpoint WHERE id = ?',
      [id],
    );
    return found;
  };
  const filters = async (id: EndpointId) =>
    (
      await db.dataSource.query<{ tenant: string; pattern: string }[]>(
        'SELECT tenant, pattern FROM signpost_endpoint_filter WHERE endpoint_id = ? ORDER BY pattern',
        [id],
      )
    ).map(({ tenant, pattern }) => `${tenant}:${pattern}`);

  beforeEach(async () => {
    db = await openSubscriptions();
    receiver = (await db.receivers.create({ name: 'Acme' })).id;
  });
  afterEach(() => db.close());

  it('is created with the defaults of the contract, and shows its secret this once', async () => {
    const { secret, ...view } = await create();
    expect(view).toEqual({
      id: view.id,
      receiver,
      tenant: 'default',
      url: URL,
      eventTypes: ['invoice.*'],
      description: null,
      maxEventsPerSignal: 100,
      minInterval: 0,
      confirm: 'fetch',
      signature: 'standard',
      auth: null,
      warnings: [],
      state: 'active',
      reason: null,
      createdAt: '2026-11-23T17:30:00.000Z',
      updatedAt: '2026-11-23T17:30:00.000Z',
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await db.endpoints.get(view.id)).toEqual(view);
    expect((await db.endpoints.list(receiver, { limit: 1 })).items).toEqual([view]);
    expect(await filters(view.id)).toEqual(['default:invoice.*']);
  });

  it('keeps every setting it is given', async () => {
    const given = {
      description: 'd',
      maxEventsPerSignal: 7,
      minIntervalMs: 900,
      confirm: 'ack' as const,
      eventTypes: ['b', 'a.*', 'b'],
    };
    const { id } = await create(given);
    expect(await db.endpoints.get(id)).toMatchObject({
      description: 'd',
      maxEventsPerSignal: 7,
      minInterval: 900,
      confirm: 'ack',
    });
    expect(await filters(id)).toEqual(['default:a.*', 'default:b']);
  });

  it('is stored with its URL normalised and sealed, and shown masked', async () => {
    const { id } = await create({ url: 'https://EXAMPLE.com/in/c4n4rytoken?key=c4n4rytoken' });
    const stored = await row(id);
    expect(stored?.url_shown).toBe('https://example.com/in/***?key=***');
    expect(JSON.stringify(stored)).not.toContain('c4n4rytoken');
    const targets = await db.directory.targets([{ endpoint: id, version: 1 }]);
    expect(targets.get(id)?.url).toBe('https://example.com/in/c4n4rytoken?key=c4n4rytoken');
  });

  it('is not created, nor changed, when the target guard refuses its URL', async () => {
    await expect(create({ url: 'https://evil.test/' })).rejects.toThrow(RefusedTargetError);
    expect((await db.endpoints.list(receiver, { limit: 10 })).items).toEqual([]);
    const { id } = await create();
    await expect(db.endpoints.update(id, { url: 'https://evil.test/', description: 'x' })).rejects.toThrow(
      RefusedTargetError,
    );
    expect(await db.endpoints.get(id)).toMatchObject({ url: URL, description: null });
  });

  it('leaves nothing behind when its creation fails half-way', async () => {
    await db.dataSource.query('DROP TABLE signpost_endpoint_position');
    await expect(create()).rejects.toThrow();
    for (const table of ['endpoint', 'endpoint_filter', 'endpoint_secret']) {
      expect(await db.dataSource.query(`SELECT * FROM signpost_${table}`)).toEqual([]);
    }
    expect(db.woken.times).toBe(0);
  });

  describe('begins', () => {
    it('at the end of the log: nothing is due until something new comes', async () => {
      await db.publish(3);
      const { id } = await create();
      expect(await db.position(id)).toMatchObject({ active: 1, signalled_through: 3, head: 3, due_at: null });
      expect(await row(id)).toMatchObject({ start_position: 3 });
    });

    it('at the oldest retained event when asked to: due at once', async () => {
      await db.publish(5);
      await db.dataSource.query('UPDATE signpost_log_head SET pruned_through = 2');
      const { id } = await create({ start: 'oldest' });
      expect(await db.position(id)).toMatchObject({ signalled_through: 2, head: 5, due_at: START });
      expect(await row(id)).toMatchObject({ start_position: 2 });
      expect(db.woken.times).toBe(1);
    });

    it('behind the newest position ever given out, when retention has emptied the log', async () => {
      await db.publish(4);
      await db.dataSource.query('DELETE FROM signpost_event');
      await db.dataSource.query('UPDATE signpost_log_head SET pruned_through = 4, matched_through = 4');
      for (const start of ['now', 'oldest']) {
        const { id } = await create({ start });
        expect(await db.position(id)).toMatchObject({ signalled_through: 4, head: 4, due_at: null });
      }
    });
  });

  describe('when it is changed', () => {
    it('keeps what the change leaves out, and gets a new version', async () => {
      const { id } = await create({ description: 'old', confirm: 'ack' });
      db.clock.now += 1_000;
      const view = await db.endpoints.update(id, { maxEventsPerSignal: 9, minIntervalMs: 50 });
      expect(view).toMatchObject({
        url: URL,
        description: 'old',
        confirm: 'ack',
        maxEventsPerSignal: 9,
        minInterval: 50,
      });
      expect(view.updatedAt).toBe('2026-11-23T17:30:01.000Z');
      expect(await row(id)).toMatchObject({ version: 2 });
      expect(await db.endpoints.update(id, { description: null })).toMatchObject({ description: null });
    });

    it('goes to the new URL from then on', async () => {
      const { id } = await create();
      await db.directory.targets([{ endpoint: id, version: 1 }]);
      await db.endpoints.update(id, { url: 'https://new.example.com/' });
      const targets = await db.directory.targets([{ endpoint: id, version: 2 }]);
      expect(targets.get(id)?.url).toBe('https://new.example.com/');
    });

    it('does not send its auth to another origin only because its receiver says so', async () => {
      const { id } = await create({ auth: { bearer: 'c4nary' } });
      const headers = { authorization: 'Bearer c4nary' };
      const anew = { authorization: 'Bearer new' };
      const sends = async () => {
        const { version } = (await row(id)) as { version: number };
        return (await db.directory.targets([{ endpoint: id, version }])).get(id);
      };
      const move = (url: string, given = {}, owner: ReceiverId | undefined = receiver) =>
        db.endpoints.update(id, { url, ...given }, owner);
      await move('https://example.com/moved');
      expect(await sends()).toMatchObject({ url: 'https://example.com/moved', headers });
      for (const url of ['https://other.example.com/', 'https://example.com:8443/', 'http://example.com/']) {
        const refused = await move(url).catch((error: unknown) => error);
        expect(refused).toMatchObject({ code: 'invalid_auth', pointer: '/auth' });
      }
      expect(await sends()).toMatchObject({ url: 'https://example.com/moved', headers });
      await move('https://other.example.com/', { auth: { bearer: 'new' } });
      expect(await sends()).toMatchObject({ url: 'https://other.example.com/', headers: anew });
      // An operator could set it anyway.
      await db.endpoints.update(id, { url: 'https://example.com/' });
      expect(await sends()).toMatchObject({ url: 'https://example.com/', headers: anew });
      expect(await move('https://other.example.com/', { auth: null })).toMatchObject({ auth: null });
      await move('https://example.com/');
      expect(await db.endpoints.get(id)).toMatchObject({ url: 'https://example.com/', auth: null });
    });

    it('tries a new URL at once when the old one was failing, but not beside a signal in flight', async () => {
      const { id } = await create();
      await db.setPosition(id, { attempt: 3, due_at: START + 60_000, not_before: START + 60_000 });
      await db.endpoints.update(id, { description: 'no new URL' });
      expect(await db.position(id)).toMatchObject({ due_at: START + 60_000 });
      await db.setPosition(id, { lease_owner: 'node', lease_until: START + 60_000 });
      await db.endpoints.update(id, { url: 'https://new.example.com/' });
      expect(await db.position(id)).toMatchObject({ due_at: START + 60_000 });
      await db.setPosition(id, { lease_owner: null, lease_until: null });
      await db.endpoints.update(id, { url: 'https://newer.example.com/' });
      expect(await db.position(id)).toMatchObject({ due_at: START, not_before: 0, attempt: 3 });
    });

    it('looks at the log anew when its event types change', async () => {
      const { id } = await create();
      await db.publish(4, 'order.placed');
      await db.endpoints.update(id, { eventTypes: ['order.*', 'invoice.paid'] });
      expect(await filters(id)).toEqual(['default:invoice.paid', 'default:order.*']);
      expect(await db.position(id)).toMatchObject({ signalled_through: 0, head: 4, due_at: START });
    });

    it.each([
      ['leased', { lease_owner: 'node', lease_until: START + 9_000, due_at: START + 9_000 }, START + 9_000],
      ['backing off', { attempt: 2, not_before: START + 7_000, due_at: START + 7_000 }, START + 7_000],
      ['within its minimum interval', { not_before: START + 5_000 }, START + 5_000],
      ['paused', { active: 0 }, null],
    ])('is not made due early by that while it is %s', async (_, columns, due) => {
      const { id } = await create();
      await db.publish(1);
      await db.setPosition(id, columns);
      await db.endpoints.update(id, { eventTypes: ['*'] });
      expect(await db.position(id)).toMatchObject({ due_at: due });
    });

    it('reminds no more once an acknowledged signal is enough', async () => {
      const { id } = await create();
      await db.setPosition(id, { confirm_through: 3, confirm_due_at: START + 500, due_at: START + 500, reminder: 2 });
      await db.endpoints.update(id, { confirm: 'signal' });
      expect(await db.position(id)).toMatchObject({
        confirm_through: null,
        confirm_due_at: null,
        reminder: 0,
        due_at: START,
      });
    });
  });

  describe('when it is paused and resumed', () => {
    it('leaves the index of what is due, keeps its place, and takes up everything since', async () => {
      await db.publish(2);
      const { id } = await create({ start: 'oldest' });
      expect(await db.endpoints.pause(id)).toMatchObject({ state: 'paused', reason: 'paused' });
      expect(await db.position(id)).toMatchObject({ active: 0, due_at: null, signalled_through: 0 });
      await db.publish(3);
      await db.setPosition(id, { attempt: 4, failing_since: 1, not_before: START + 9_999 });
      const woken = db.woken.times;
      expect(await db.endpoints.resume(id)).toMatchObject({ state: 'active', reason: null });
      expect(await db.position(id)).toMatchObject({
        active: 1,
        signalled_through: 0,
        head: 5,
        due_at: START,
        attempt: 0,
        failing_since: null,
        not_before: 0,
        notice: null,
      });
      expect(db.woken.times).toBe(woken + 1);
      expect(await row(id)).toMatchObject({ version: 3 });
    });

    it('waits for the signal that was in flight when it was paused', async () => {
      const { id } = await create();
      await db.setPosition(id, { lease_owner: 'node', lease_until: START + 4_000, lease_token: 8 });
      await db.endpoints.pause(id);
      await db.endpoints.resume(id);
      expect(await db.position(id)).toMatchObject({ due_at: START + 4_000, lease_owner: 'node', lease_token: 8 });
    });

    it('tells the receiver when it had been disabled', async () => {
      const { id } = await create();
      await db.dataSource.query(`UPDATE signpost_endpoint SET state = 'disabled', reason = 'failing'`);
      await db.setPosition(id, { active: 0, notice: 'endpoint.disabled' });
      expect(await db.endpoints.pause(id)).toMatchObject({ state: 'disabled', reason: 'failing' });
      expect(await db.endpoints.resume(id)).toMatchObject({ state: 'active', reason: null });
      expect(await db.position(id)).toMatchObject({ active: 1, notice: 'endpoint.enabled', due_at: START });
    });

    it('does not change by being paused twice, or resumed while it is active', async () => {
      const { id } = await create();
      await db.setPosition(id, { attempt: 2, due_at: START + 70, not_before: START + 70 });
      await db.endpoints.resume(id);
      expect(await db.position(id)).toMatchObject({ attempt: 2, due_at: START + 70 });
      await db.endpoints.pause(id);
      const paused = await row(id);
      await db.endpoints.pause(id);
      expect(await row(id)).toEqual(paused);
    });

    it('does not get around the proof of ownership', async () => {
      const { id } = await create();
      await db.dataSource.query(`UPDATE signpost_endpoint SET state = 'pending'`);
      await db.setPosition(id, { active: 0 });
      expect(await db.endpoints.resume(id)).toMatchObject({ state: 'pending' });
      expect(await db.position(id)).toMatchObject({ active: 0, due_at: null });
    });
  });

  it('shows its attempts, newest first, page by page', async () => {
    const { id } = await create();
    const other = await create();
    await db.turns.step('attempts', () => {
      const insert = db.turns.prepare(
        `INSERT INTO signpost_signal (endpoint_id, signal_id, kind, first_position, last_position, event_count, attempt,
           sent_at, outcome, status, latency_ms, category) VALUES (?, ?, 'events', 1, 2, 2, ?, ?, 'failed', 503, 12, 'status')`,
      );
      for (let n = 1; n <= 5; n++) insert.run(id, 'sig_1', n, START + n);
      insert.run(other.id, 'sig_2', 1, START);
    });
    const first = await db.endpoints.listAttempts(id, { limit: 2 });
    expect(first.items[0]).toEqual({
      signalId: 'sig_1',
      kind: 'events',
      attempt: 5,
      eventCount: 2,
      sentAt: '2026-11-23T17:30:00.005Z',
      outcome: 'failed',
      status: 503,
      latencyMs: 12,
      category: 'status',
    });
    const rest = await db.endpoints.listAttempts(id, { limit: 10, after: first.cursor ?? '' });
    expect([...first.items, ...rest.items].map(({ attempt }) => attempt)).toEqual([5, 4, 3, 2, 1]);
    expect([first.more, rest.more]).toEqual([true, false]);
  });

  it('takes everything of its own with it when it is removed', async () => {
    const kept = await create();
    const { id } = await create();
    await db.endpoints.remove(id);
    await expect(db.endpoints.get(id)).rejects.toMatchObject({ code: 'not_found', kind: 'endpoint', id });
    expect(await db.position(id)).toBeUndefined();
    expect(await filters(id)).toEqual([]);
    expect((await db.directory.targets([{ endpoint: id, version: 1 }])).size).toBe(0);
    expect((await db.endpoints.list(receiver, { limit: 5 })).items.map((endpoint) => endpoint.id)).toEqual([kept.id]);
  });

  it('that does not exist is named in the error', async () => {
    for (const attempt of [
      () => db.endpoints.get(UNKNOWN),
      () => db.endpoints.update(UNKNOWN, {}),
      () => db.endpoints.remove(UNKNOWN),
      () => db.endpoints.pause(UNKNOWN),
      () => db.endpoints.resume(UNKNOWN),
      () => db.endpoints.rotateSecret(UNKNOWN),
      () => db.endpoints.listAttempts(UNKNOWN, { limit: 1 }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found', kind: 'endpoint', id: UNKNOWN });
    }
  });
});
