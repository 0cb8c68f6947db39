import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { EndpointId, ReceiverId } from '../../src/protocol/ids.js';
import type { ClaimedSignal, DispatchStore, Settlement } from '../../src/producer/dispatch/dispatch-store.js';
import type { EventStore } from '../../src/producer/log/event-store.js';
import type { ProgressStore } from '../../src/producer/log/progress-store.js';
import { storedRows } from '../support/databases.js';
import type { TestEndpoint } from '../support/subscriptions.js';
import { anEvent } from './event-store.contract.js';

/** Schedules of the fixture, without jitter: random is 0.5. */
export const RETRY = [5_000, 30_000];
export const CONFIRM = [300_000, 1_800_000];
export const LEASE = 60_000;
export const DISABLE_AFTER = 100_000;

export interface DispatchStoreFixture {
  dataSource: DataSource;
  store: DispatchStore;
  events: EventStore;
  progress: ProgressStore;
  /** Moves the clock. */
  advance(ms: number): void;
  now(): number;
  addReceiver(options?: { tenant?: string; eventTypes?: string[] }): Promise<ReceiverId>;
  addEndpoint(receiver: ReceiverId, options?: TestEndpoint): Promise<EndpointId>;
  /** Parks an endpoint, as pausing does. */
  park(endpoint: EndpointId): Promise<void>;
  /** Whether one process owns the database, so that at its start every lease is an orphan. */
  sole: boolean;
  stateOf(endpoint: EndpointId): Promise<{ state: string; reason: string | null }>;
  close(): Promise<void>;
}

/** What the audit of changes has, but for its ordinals. */
export async function auditOf({ dataSource }: DispatchStoreFixture): Promise<Record<string, unknown>[]> {
  const rows = (await storedRows(dataSource)).get('signpost_change') ?? [];
  return rows.map(({ ordinal, ...row }) => ({ ...row, at: Number(row.at) }));
}

/** The row that a decision about an endpoint leaves. */
export function decisionRow(f: DispatchStoreFixture, action: string, target: EndpointId, receiver: ReceiverId) {
  const actor = { actor_kind: 'system', actor_id: null, actor_name: null };
  const nothing = { fields: null, value_count: null, address: null };
  return { at: f.now(), ...actor, action, target, receiver_id: receiver, status: 200, ...nothing };
}

export function outcome(claim: ClaimedSignal, over: Partial<Settlement> = {}): Settlement {
  return {
    claim,
    outcome: 'acknowledged',
    sentAt: 0,
    status: 202,
    latencyMs: 3,
    category: null,
    retryAfterMs: null,
    ...over,
  };
}

interface Body {
  type: string;
  data: { endpoint: string; events: { id: string; type: string }[]; more: boolean };
}
const bodyOf = (claim: ClaimedSignal | undefined): Body => JSON.parse(claim?.body ?? '{}') as Body;
const idsOf = (claim: ClaimedSignal | undefined): string[] => bodyOf(claim).data.events.map((event) => event.id);

/** What every dispatch store promises, whatever the database. */
export function dispatchStoreContract(open: () => Promise<DispatchStoreFixture>): void {
  let f: DispatchStoreFixture;
  beforeEach(async () => {
    f = await open();
  });
  afterEach(() => f.close());

  const publish = async (...types: string[]): Promise<string[]> => {
    const appended = await f.events.appendAlone(types.map((type) => anEvent({ type, recordedAt: f.now() })));
    return appended.map((event) => event.id);
  };
  const claimAll = async (owner = 'node', limit = 100): Promise<ClaimedSignal[]> => {
    await f.store.wake(1_000);
    return f.store.claim({ owner, limit });
  };
  const claimOne = async (): Promise<ClaimedSignal> => {
    const [claim] = await claimAll();
    if (!claim) throw new Error('nothing was claimed');
    return claim;
  };
  const settle = (claim: ClaimedSignal, over: Partial<Settlement> = {}) =>
    f.store.settle([outcome(claim, { sentAt: f.now(), ...over })]);
  const fail = (claim: ClaimedSignal, over: Partial<Settlement> = {}) =>
    settle(claim, { outcome: 'failed', status: 500, category: 'http_server_error', ...over });

  describe('waking', () => {
    it('makes the endpoints due that match, and no other', async () => {
      const receiver = await f.addReceiver();
      const exact = await f.addEndpoint(receiver, { eventTypes: ['invoice.paid'] });
      const prefix = await f.addEndpoint(receiver, { eventTypes: ['invoice.*'] });
      const all = await f.addEndpoint(receiver, { eventTypes: ['*'] });
      await f.addEndpoint(receiver, { eventTypes: ['user.created', 'invoice'] });
      await f.addEndpoint(await f.addReceiver({ tenant: 'globex' }), { tenant: 'globex' });
      await publish('invoice.paid');
      const claims = await claimAll();
      expect(new Set(claims.map((claim) => claim.endpoint))).toEqual(new Set([exact, prefix, all]));
    });

    it('looks at each event once and goes on where it stopped', async () => {
      await publish('a', 'b', 'c');
      expect(await f.store.wake(2)).toEqual({ looked: 2, more: true });
      expect(await f.store.wake(2)).toEqual({ looked: 1, more: false });
      expect(await f.store.wake(2)).toEqual({ looked: 0, more: false });
    });

    it('does not wake for an event that the endpoint’s start leaves out', async () => {
      const receiver = await f.addReceiver();
      await publish('a');
      const { head } = await f.events.bounds();
      await f.addEndpoint(receiver, { start: head });
      expect(await claimAll()).toEqual([]);
    });

    it('does not list types that the receiver may not read', async () => {
      const receiver = await f.addReceiver({ eventTypes: ['open.*'] });
      await f.addEndpoint(receiver);
      const [, allowed] = await publish('secret.thing', 'open.thing', 'secret.other');
      expect(idsOf(await claimOne())).toEqual([allowed]);
    });
  });

  describe('claiming', () => {
    it('coalesces everything new up to the endpoint’s limit, in log order, and says whether more waits', async () => {
      await f.addEndpoint(await f.addReceiver(), { maxEvents: 3 });
      const ids = await publish('a', 'a', 'a', 'a', 'a');
      const first = await claimOne();
      expect(idsOf(first)).toEqual(ids.slice(0, 3));
      expect(bodyOf(first).data.more).toBe(true);
      await settle(first);
      const second = await claimOne();
      expect(idsOf(second)).toEqual(ids.slice(3));
      expect(bodyOf(second).data.more).toBe(false);
      await settle(second);
      expect(await claimAll()).toEqual([]);
    });

    it('an endpoint has one signal in flight at most, whoever asks', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const claims = (await Promise.all([claimAll('one'), claimAll('two'), claimAll('three')])).flat();
      expect(claims).toHaveLength(1);
      await publish('a');
      expect(await claimAll('four')).toEqual([]);
      expect(await f.store.claimForTest(claims[0]?.endpoint as EndpointId, 'five')).toBe('in-flight');
    });

    it('takes the longest due first, no more than asked for', async () => {
      const receiver = await f.addReceiver();
      const late = await f.addEndpoint(receiver, { eventTypes: ['late'] });
      const early = await f.addEndpoint(receiver, { eventTypes: ['early'] });
      await publish('early');
      await f.store.wake(100);
      f.advance(10);
      await publish('late');
      await f.store.wake(100);
      expect((await f.store.claim({ owner: 'n', limit: 1 })).map((claim) => claim.endpoint)).toEqual([early]);
      expect((await f.store.claim({ owner: 'n', limit: 1 })).map((claim) => claim.endpoint)).toEqual([late]);
    });

    it('a filter that matches rarely gets past what it does not select, however much that is', async () => {
      await f.addEndpoint(await f.addReceiver(), { eventTypes: ['rare'] });
      for (let batch = 0; batch < 12; batch += 1) await publish(...Array.from({ length: 1_000 }, () => 'common'));
      const [rare] = await publish('rare');
      const found: ClaimedSignal[] = [];
      for (let pass = 0; pass < 20 && found.length === 0; pass += 1) found.push(...(await claimAll()));
      expect(idsOf(found[0])).toEqual([rare]);
    });

    it('carries the trace of the newest event', async () => {
      await f.addEndpoint(await f.addReceiver());
      await f.events.appendAlone([anEvent({ traceparent: 'old' }), anEvent({ traceparent: 'new' })]);
      expect((await claimOne()).traceparent).toBe('new');
    });

    it('events out of retention are not signalled', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      f.advance(1_000);
      const [kept] = await publish('a');
      await f.events.prune(f.now(), 0, 100);
      expect(idsOf(await claimOne())).toEqual([kept]);
    });
  });

  describe('outcomes', () => {
    it('a retry has the same id and bytes, after the schedule, and later events wait behind it', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const first = await claimOne();
      await fail(first);
      await publish('a');
      expect(await claimAll()).toEqual([]);
      f.advance(RETRY[0] ?? 0);
      const second = await claimOne();
      expect(second).toMatchObject({ signal: first.signal, body: first.body, attempt: 2 });
      await fail(second);
      f.advance((RETRY[1] ?? 0) - 1);
      expect(await claimAll()).toEqual([]);
      f.advance(1);
      const third = await claimOne();
      await settle(third);
      const next = await claimOne();
      expect(next.signal).not.toBe(first.signal);
      expect(idsOf(next)).toHaveLength(1);
    });

    it('Retry-After puts the next attempt off, never closer', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      await fail(await claimOne(), { status: 429, category: 'http_rate_limited', retryAfterMs: 50_000 });
      f.advance(49_999);
      expect(await claimAll()).toEqual([]);
      f.advance(1);
      await fail(await claimOne(), { status: 503, retryAfterMs: 1 });
      f.advance(RETRY[0] ?? 0);
      expect(await claimAll()).toEqual([]);
    });

    it('410 disables the endpoint as gone; its place in the log stays', async () => {
      const receiver = await f.addReceiver();
      const endpoint = await f.addEndpoint(receiver);
      await publish('a');
      expect(await settle(await claimOne(), { outcome: 'gone', status: 410 })).toEqual(['disabled']);
      expect(await f.stateOf(endpoint)).toEqual({ state: 'disabled', reason: 'gone' });
      expect(await auditOf(f)).toEqual([decisionRow(f, 'endpoint.gone', endpoint, receiver)]);
      await publish('a');
      f.advance(10 * LEASE);
      expect(await claimAll()).toEqual([]);
    });

    it('outcomes of one batch change the endpoints that they decide about, and leave a row of those alone', async () => {
      const receiver = await f.addReceiver();
      const endpoints = [await f.addEndpoint(receiver), await f.addEndpoint(receiver)];
      await publish('a');
      const claimed = await claimAll();
      const goneAt = (claim: ClaimedSignal) => claim.endpoint === endpoints[0];
      const batch = claimed.map((claim) => outcome(claim, goneAt(claim) ? { outcome: 'gone', status: 410 } : {}));
      expect(await f.store.settle(batch)).toEqual(claimed.map((claim) => (goneAt(claim) ? 'disabled' : 'settled')));
      const states = await Promise.all(endpoints.map((endpoint) => f.stateOf(endpoint)));
      expect(states.map(({ state }) => state)).toEqual(['disabled', 'active']);
      expect((await auditOf(f)).map(({ action, target }) => [action, target])).toEqual([
        ['endpoint.gone', endpoints[0]],
      ]);
    });

    it('failing for too long without one success disables it, and it is told once', async () => {
      const receiver = await f.addReceiver();
      const endpoint = await f.addEndpoint(receiver);
      await publish('a');
      let answers: string[] = [];
      for (let attempt = 0; attempt < 10 && answers[0] !== 'disabled'; attempt += 1) {
        answers = await fail(await claimOne());
        if (answers[0] !== 'disabled') f.advance(RETRY[1] ?? 0);
      }
      expect(await f.stateOf(endpoint)).toEqual({ state: 'disabled', reason: 'failing' });
      expect(await auditOf(f)).toEqual([decisionRow(f, 'endpoint.failing', endpoint, receiver)]);
      const notice = await claimOne();
      expect(bodyOf(notice).type).toBe('endpoint.disabled');
      await fail(notice);
      f.advance(10 * LEASE);
      expect(await claimAll()).toEqual([]);
    });

    it('one success ends the run of failures', async () => {
      const endpoint = await f.addEndpoint(await f.addReceiver());
      for (let round = 0; round < 8; round += 1) {
        await publish('a');
        await fail(await claimOne());
        f.advance(RETRY[0] ?? 0);
        await settle(await claimOne());
        f.advance(DISABLE_AFTER / 4);
      }
      expect(await f.stateOf(endpoint)).toEqual({ state: 'active', reason: null });
    });

    it('minInterval keeps signals apart; what came meanwhile is one signal', async () => {
      await f.addEndpoint(await f.addReceiver(), { minIntervalMs: 1_000 });
      await publish('a');
      await settle(await claimOne());
      const ids = await publish('a', 'a');
      expect(await claimAll()).toEqual([]);
      f.advance(1_000);
      expect(idsOf(await claimOne())).toEqual(ids);
    });

    it('a parked endpoint is not signalled, and a settle of its last signal does not unpark it', async () => {
      const endpoint = await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const claim = await claimOne();
      await f.park(endpoint);
      await fail(claim);
      await publish('a');
      f.advance(10 * LEASE);
      expect(await claimAll()).toEqual([]);
    });

    it('a released signal is due at once, with the same id and bytes', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const claim = await claimOne();
      await settle(claim, { outcome: 'released' });
      expect(await claimOne()).toMatchObject({ signal: claim.signal, body: claim.body, attempt: 1 });
    });
  });

  describe('leases', () => {
    it('a lease that ran out is taken over with the same signal, and the late node’s outcome is refused', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const late = await claimOne();
      f.advance(LEASE - 1);
      expect(await claimAll('two')).toEqual([]);
      f.advance(1);
      const [taken] = await claimAll('two');
      expect(taken).toMatchObject({ signal: late.signal, body: late.body });
      expect(await settle(late)).toEqual(['lost-lease']);
      expect(taken && (await settle(taken))).toEqual(['settled']);
      expect(taken && (await settle(taken))).toEqual(['lost-lease']);
    });

    it('a renewed lease is not taken over; one that was lost is named', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const claim = await claimOne();
      f.advance(LEASE - 1);
      expect(await f.store.renew([claim], 'node')).toEqual([]);
      f.advance(LEASE - 1);
      expect(await claimAll('two')).toEqual([]);
      f.advance(1);
      expect(await claimAll('two')).toHaveLength(1);
      expect(await f.store.renew([claim], 'node')).toEqual([claim]);
    });

    it('leases of a process that died are recovered at once, and its late writes are refused', async () => {
      await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const claim = await claimOne();
      const orphans = await f.store.recoverLeases();
      expect(orphans).toBe(f.sole ? 1 : 0);
      // Where others may live, a lease is its owner's until it runs out.
      if (!f.sole) f.advance(LEASE);
      const [taken] = f.sole ? [] : await claimAll('two');
      expect(await settle(claim)).toEqual(['lost-lease']);
      if (taken) await settle(taken, { outcome: 'released' });
      expect(await claimOne()).toMatchObject({ signal: claim.signal, body: claim.body });
    });
  });

  describe('delivered means fetched', () => {
    const fetchAll = async (receiver: ReceiverId, kind: 'fetched-through' | 'acked-through' = 'fetched-through') => {
      const { head } = await f.events.bounds();
      await f.progress.apply([{ receiver, progress: { kind, through: head } }]);
    };

    it('what was acknowledged but not fetched by the deadline is signalled again, under a new id, until it is fetched', async () => {
      const receiver = await f.addReceiver();
      await f.addEndpoint(receiver);
      const ids = await publish('a', 'a');
      const first = await claimOne();
      await settle(first);
      f.advance((CONFIRM[0] ?? 0) - 1);
      expect(await claimAll()).toEqual([]);
      f.advance(1);
      const reminder = await claimOne();
      expect(reminder).toMatchObject({ kind: 'reminder', attempt: 1 });
      expect(reminder.signal).not.toBe(first.signal);
      expect(idsOf(reminder)).toEqual(ids);
      await settle(reminder);
      f.advance((CONFIRM[1] ?? 0) - 1);
      expect(await claimAll()).toEqual([]);
      f.advance(1);
      await settle(await claimOne());
      await fetchAll(receiver);
      f.advance(10 * (CONFIRM[1] ?? 0));
      expect(await claimAll()).toEqual([]);
      expect(await f.store.nextDueAt()).toBeNull();
    });

    it('a fetch before the deadline stops the reminder', async () => {
      const receiver = await f.addReceiver();
      await f.addEndpoint(receiver);
      await publish('a');
      await settle(await claimOne());
      await fetchAll(receiver);
      f.advance(CONFIRM[0] ?? 0);
      expect(await claimAll()).toEqual([]);
      expect(await f.store.nextDueAt()).toBeNull();
    });

    it('a reminder lists what lacks a receipt, and only what the endpoint selects', async () => {
      const receiver = await f.addReceiver();
      await f.addEndpoint(receiver, { eventTypes: ['a'] });
      const appended = await f.events.appendAlone(['a', 'b', 'a', 'a'].map((type) => anEvent({ type })));
      await settle(await claimOne());
      const fetched = appended[2]?.position ?? 0;
      await f.progress.apply([{ receiver, progress: { kind: 'fetched', positions: [fetched] } }]);
      f.advance(CONFIRM[0] ?? 0);
      expect(idsOf(await claimOne())).toEqual([appended[0]?.id, appended[3]?.id]);
    });

    it('steady traffic does not put the reminder off', async () => {
      const receiver = await f.addReceiver();
      await f.addEndpoint(receiver);
      const [lost] = await publish('a');
      await settle(await claimOne());
      const reminders: ClaimedSignal[] = [];
      for (let minute = 0; minute < 12; minute += 1) {
        f.advance((CONFIRM[0] ?? 0) / 10);
        await publish('a');
        for (let claim = (await claimAll())[0]; claim; claim = (await claimAll())[0]) {
          if (claim.kind === 'reminder') reminders.push(claim);
          await settle(claim);
        }
      }
      expect(reminders).toHaveLength(1);
      expect(idsOf(reminders[0])).toContain(lost);
    });

    it('with confirm "ack" a fetch is not enough; with "signal" the acknowledgement is', async () => {
      const receiver = await f.addReceiver();
      const acking = await f.addEndpoint(receiver, { confirm: 'ack' });
      await f.addEndpoint(receiver, { confirm: 'signal' });
      await publish('a');
      for (const claim of await claimAll()) await settle(claim);
      await fetchAll(receiver);
      f.advance(CONFIRM[0] ?? 0);
      const reminders = await claimAll();
      expect(reminders.map((claim) => claim.endpoint)).toEqual([acking]);
      for (const claim of reminders) await settle(claim);
      await fetchAll(receiver, 'acked-through');
      f.advance(CONFIRM[1] ?? 0);
      expect(await claimAll()).toEqual([]);
    });
  });

  describe('test signals and the attempt log', () => {
    it('a test signal leaves the place, the back-off and the open signal as they were', async () => {
      const endpoint = await f.addEndpoint(await f.addReceiver());
      await publish('a');
      const open = await claimOne();
      await fail(open);
      const test = await f.store.claimForTest(endpoint, 'node');
      if (typeof test === 'string') throw new Error(test);
      expect(bodyOf(test).type).toBe('endpoint.test');
      expect(await settle(test)).toEqual(['settled']);
      expect(await claimAll()).toEqual([]);
      f.advance(RETRY[0] ?? 0);
      expect(await claimOne()).toMatchObject({ signal: open.signal, body: open.body, attempt: 2 });
    });

    it('old attempts are pruned in batches, oldest first', async () => {
      await f.addEndpoint(await f.addReceiver(), { confirm: 'signal' });
      for (let n = 0; n < 5; n += 1) {
        f.advance(1_000);
        await publish('a');
        await settle(await claimOne());
      }
      expect(await f.store.pruneAttempts(f.now() - 1_500, 2)).toBe(2);
      expect(await f.store.pruneAttempts(f.now() - 1_500, 2)).toBe(1);
      expect(await f.store.pruneAttempts(f.now() - 1_500, 2)).toBe(0);
    });
  });
}
