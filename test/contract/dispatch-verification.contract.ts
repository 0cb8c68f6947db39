import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EndpointId } from '../../src/protocol/ids.js';
import type { ClaimedSignal, Settlement } from '../../src/producer/dispatch/dispatch-store.js';
import { applyOwnership, askForProof } from '../../src/producer/subscriptions/endpoint-ownership.js';
import { beginEndpointChange, parkPosition } from '../../src/producer/subscriptions/endpoint-positions.js';
import { findEndpoint } from '../../src/producer/subscriptions/endpoint-rows.js';
import { EndpointEntity } from '../../src/producer/subscriptions/endpoint.entity.js';
import { storedRows } from '../support/databases.js';
import type { TestEndpoint } from '../support/subscriptions.js';
import { auditOf, decisionRow, type DispatchStoreFixture, LEASE, outcome, RETRY } from './dispatch-store.contract.js';
import { anEvent } from './event-store.contract.js';

/** The endpoint's time for its proof, in ms: the schedule's waits are 5 s, then 30 s each. */
const WITHIN = 60_000;

/** What every dispatch store promises of an endpoint whose URL must be proved. */
export function dispatchVerificationContract(open: () => Promise<DispatchStoreFixture>): void {
  let f: DispatchStoreFixture;
  beforeEach(async () => {
    f = await open();
  });
  afterEach(() => f.close());

  const publish = async (count = 1): Promise<string[]> => {
    const events = Array.from({ length: count }, () => anEvent({ type: 'a', recordedAt: f.now() }));
    return (await f.events.appendAlone(events)).map(({ id }) => id);
  };
  const claims = async (owner = 'node'): Promise<ClaimedSignal[]> => {
    await f.store.wake(1_000);
    return f.store.claim({ owner, limit: 100 });
  };
  const claimOne = async (owner?: string): Promise<ClaimedSignal> => {
    const [claim, ...others] = await claims(owner);
    if (!claim || others.length > 0) throw new Error('not one was claimed');
    return claim;
  };
  const settle = (claim: ClaimedSignal, over: Partial<Settlement> = {}) =>
    f.store.settle([outcome(claim, { sentAt: f.now(), ...over })]);
  const wrong = (claim: ClaimedSignal, over: Partial<Settlement> = {}) =>
    settle(claim, { outcome: 'failed', category: 'challenge_failed', ...over });
  const idsOf = ({ body }: ClaimedSignal) =>
    (JSON.parse(body) as { data: { events: { id: string }[] } }).data.events.map(({ id }) => id);

  const change = (id: EndpointId, isNew: boolean, verify: boolean): Promise<void> =>
    f.dataSource.transaction(async (manager) => {
      await beginEndpointChange(manager, id);
      const endpoint = await findEndpoint(manager, id);
      if (isNew) endpoint.urlVersion = endpoint.version + 1;
      await applyOwnership(manager, endpoint, { isNew, verify, verifyBy: f.now() + WITHIN }, f.now());
      await manager.update(EndpointEntity, { id }, { ...endpoint, version: endpoint.version + 1 });
    });
  /** As a receiver does that enters another one. */
  const newUrl = (id: EndpointId) => change(id, true, true);
  const addEndpoint = async (options: TestEndpoint = {}) => f.addEndpoint(await f.addReceiver(), options);
  const addPending = async (options: TestEndpoint = {}) => {
    const endpoint = await addEndpoint(options);
    await newUrl(endpoint);
    return endpoint;
  };

  describe('an endpoint whose URL must be proved', () => {
    it('gets a challenge and nothing else; once it was repeated, all that came meanwhile', async () => {
      const endpoint = await addPending({ maxEvents: 2 });
      const events = await publish(5);
      const challenge = await claimOne();
      expect(challenge).toMatchObject({ kind: 'verification', attempt: 1, count: 0, first: null });
      expect(JSON.parse(challenge.body)).toMatchObject({
        type: 'endpoint.verification',
        data: { endpoint, challenge: challenge.challenge },
      });
      expect(await claims()).toEqual([]);
      expect(await settle(challenge)).toEqual(['verified']);
      expect(await f.stateOf(endpoint)).toEqual({ state: 'active', reason: null });
      const listed: string[] = [];
      for (const expected of [2, 2, 1]) {
        const claim = await claimOne();
        expect(claim).toMatchObject({ kind: 'events', count: expected });
        listed.push(...idsOf(claim));
        await settle(claim);
      }
      expect(listed).toEqual(events);
      expect(await claims()).toEqual([]);
    });

    it('is asked with another challenge each time, on the retry schedule', async () => {
      await addPending();
      const first = await claimOne();
      await wrong(first);
      f.advance((RETRY[0] ?? 0) - 1);
      expect(await claims()).toEqual([]);
      f.advance(1);
      const next = await claimOne();
      expect(next).toMatchObject({ kind: 'verification', attempt: 2 });
      expect(next.signal).not.toBe(first.signal);
      expect(next.challenge).not.toBe(first.challenge);
      expect(Buffer.from(String(next.challenge), 'base64url')).toHaveLength(32);
    });

    it('leaves its challenges in no table', async () => {
      await addPending();
      const claim = await claimOne();
      const stored = async () => JSON.stringify([...(await storedRows(f.dataSource)).values()]);
      expect(await stored()).not.toContain(claim.challenge);
      await wrong(claim);
      const text = await stored();
      expect(text).not.toContain(claim.challenge);
      expect(text).toContain('challenge_failed');
    });

    it('is disabled when its time is over, after one last challenge', async () => {
      const endpoint = await addPending();
      await wrong(await claimOne());
      f.advance(5_000);
      await wrong(await claimOne());
      f.advance(30_000);
      await wrong(await claimOne());
      // The next wait would be longer than what is left.
      f.advance(25_000);
      expect(await wrong(await claimOne())).toEqual(['disabled']);
      expect(await f.stateOf(endpoint)).toEqual({ state: 'disabled', reason: 'unverified' });
      f.advance(10 * WITHIN);
      await publish();
      expect(await claims()).toEqual([]);
    });

    it('is asked no later than its time is over, however long it wants to be left alone', async () => {
      await addPending();
      await wrong(await claimOne(), { category: 'http_rate_limited', retryAfterMs: 86_400_000 });
      f.advance(WITHIN);
      expect(await settle(await claimOne())).toEqual(['verified']);
    });

    it('leaves a row in the audit of changes when it is proved, and when its time is over; none while it is asked', async () => {
      const receiver = await f.addReceiver();
      const endpoint = await f.addEndpoint(receiver);
      await newUrl(endpoint);
      await wrong(await claimOne());
      f.advance(5_000);
      expect(await auditOf(f)).toEqual([]);
      await settle(await claimOne());
      const verified = decisionRow(f, 'endpoint.verified', endpoint, receiver);
      expect(await auditOf(f)).toEqual([verified]);
      await newUrl(endpoint);
      f.advance(WITHIN);
      await wrong(await claimOne());
      const unverified = decisionRow(f, 'endpoint.unverified', endpoint, receiver);
      const audit = await auditOf(f);
      expect(audit).toHaveLength(2);
      expect(audit).toEqual(expect.arrayContaining([verified, unverified]));
    });

    it('is disabled by a 410', async () => {
      const endpoint = await addPending();
      await settle(await claimOne(), { outcome: 'gone', category: 'http_gone' });
      expect(await f.stateOf(endpoint)).toEqual({ state: 'disabled', reason: 'gone' });
    });

    it('gets no test signal', async () => {
      const endpoint = await addPending();
      expect(await f.store.claimForTest(endpoint, 'node')).toBe('unverified');
      await settle(await claimOne());
      expect(await f.store.claimForTest(endpoint, 'node')).toMatchObject({ kind: 'test' });
    });

    it('that is paused is asked when it is resumed, not before', async () => {
      const endpoint = await addPending();
      await f.dataSource.transaction(async (manager) => {
        await beginEndpointChange(manager, endpoint);
        await parkPosition(manager, endpoint);
      });
      expect(await claims()).toEqual([]);
      await f.dataSource.transaction(async (manager) => {
        await beginEndpointChange(manager, endpoint);
        await askForProof(manager, await findEndpoint(manager, endpoint), f.now() + WITHIN, f.now());
      });
      expect(await claimOne()).toMatchObject({ kind: 'verification' });
    });
  });

  describe('a URL that changes while a challenge is in flight', () => {
    it('is not proved by the answer of the former one', async () => {
      const endpoint = await addPending();
      const former = await claimOne();
      await newUrl(endpoint);
      expect(await settle(former)).toEqual(['settled']);
      expect(await f.stateOf(endpoint)).toMatchObject({ state: 'pending' });
      const present = await claimOne();
      expect(present.urlVersion).toBeGreaterThan(former.urlVersion);
      expect(present).toMatchObject({ kind: 'verification', attempt: 1 });
      expect(await settle(present)).toEqual(['verified']);
    });

    it('nor disabled by it, nor kept waiting', async () => {
      const endpoint = await addPending();
      const former = await claimOne();
      await newUrl(endpoint);
      expect(await settle(former, { outcome: 'gone' })).toEqual(['settled']);
      expect(await f.stateOf(endpoint)).toMatchObject({ state: 'pending' });
      expect(await claimOne()).toMatchObject({ kind: 'verification', attempt: 1 });
    });

    it('and that somebody vouches for, stays active whatever the answer is', async () => {
      const endpoint = await addPending();
      const former = await claimOne();
      await change(endpoint, false, false);
      expect(await f.stateOf(endpoint)).toEqual({ state: 'active', reason: null });
      expect(await wrong(former)).toEqual(['settled']);
      expect(await f.stateOf(endpoint)).toEqual({ state: 'active', reason: null });
      const events = await publish();
      expect(idsOf(await claimOne())).toEqual(events);
    });

    it('nor by a node that slept past its lease', async () => {
      const endpoint = await addPending();
      const slept = await claimOne('one');
      f.advance(LEASE);
      const second = await claimOne('two');
      expect(await settle(slept)).toEqual(['lost-lease']);
      expect(await f.stateOf(endpoint)).toMatchObject({ state: 'pending' });
      expect(await settle(second)).toEqual(['verified']);
    });
  });

  describe('an active endpoint that gets a URL which must be proved', () => {
    it('keeps its place, and its open signal, which goes out with the same bytes', async () => {
      const endpoint = await addEndpoint();
      await publish();
      const open = await claimOne();
      await settle(open, { outcome: 'failed', status: 500 });
      await newUrl(endpoint);
      const challenge = await claimOne();
      expect(challenge).toMatchObject({ kind: 'verification', attempt: 1 });
      await settle(challenge);
      expect(await claimOne()).toMatchObject({
        signal: open.signal,
        body: open.body,
        urlVersion: challenge.urlVersion,
      });
    });

    it('counts what the former URL still acknowledges, and not what it fails with', async () => {
      const endpoint = await addEndpoint();
      await publish();
      const inFlight = await claimOne();
      await newUrl(endpoint);
      expect(await claims()).toEqual([]);
      expect(await settle(inFlight)).toEqual(['settled']);
      const challenge = await claimOne();
      expect(challenge.kind).toBe('verification');
      await settle(challenge);
      expect(await claims()).toEqual([]);

      await publish();
      const second = await claimOne();
      await newUrl(endpoint);
      expect(await settle(second, { outcome: 'gone', status: 410 })).toEqual(['settled']);
      expect(await f.stateOf(endpoint)).toMatchObject({ state: 'pending' });
      await settle(await claimOne());
      expect(await claimOne()).toMatchObject({ signal: second.signal });
    });
  });
}
