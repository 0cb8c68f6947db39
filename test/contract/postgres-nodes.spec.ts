import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { GivenClock } from '../../src/database/postgres-clock.js';
import { IdGenerator, type EndpointId, type ReceiverId } from '../../src/protocol/ids.js';
import type { ClaimedSignal } from '../../src/producer/dispatch/dispatch-store.js';
import { PostgresDispatchStore } from '../../src/producer/dispatch/postgres-dispatch-store.js';
import type { PostgresDatabase } from '../../src/producer/postgres-database.js';
import {
  beginEndpointChange,
  insertPosition,
  parkPosition,
  resumePosition,
  startingPlace,
} from '../../src/producer/subscriptions/endpoint-positions.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { postgresFixtures, type PostgresFixture, type PostgresFixtures } from '../support/postgres-database.js';
import { addEndpoint, addReceiver, type TestEndpoint } from '../support/subscriptions.js';
import { until } from '../support/until.js';
import { WatchedEngine } from '../support/watched-engine.js';
import { outcome } from './dispatch-store.contract.js';
import { anEvent } from './event-store.contract.js';

const POLICY = { retrySchedule: [5_000], confirmSchedule: [300_000], disableAfterMs: 1_000_000, leaseMs: 60_000 };

let server: TestPostgres;
let fixtures: PostgresFixtures;
let fixture: PostgresFixture;
let one: PostgresDatabase;
let two: PostgresDatabase;
let engine: WatchedEngine;
/** A node of which the test stops single statements. */
let watched: PostgresDispatchStore;
let time: number;
const ids = new IdGenerator();

beforeAll(async () => {
  server = await startPostgres();
  fixtures = await postgresFixtures(server);
});
afterAll(async () => {
  await fixtures?.end();
  await server?.stop();
});
beforeEach(async () => {
  time = 1_000_000;
  const clock = new GivenClock(() => time);
  fixture = await fixtures.open({ dispatch: { ...POLICY, pollIntervalMs: 1_000 }, clock });
  one = fixture.database;
  two = await fixture.another();
  engine = new WatchedEngine(fixture.dataSource, { size: 2, name: 'watched' });
  watched = new PostgresDispatchStore(
    engine,
    ids,
    POLICY,
    clock,
    () => 0.5,
    () => Promise.resolve(),
  );
});
afterEach(async () => {
  await engine.close();
  await fixture.close();
});

const publish = async (count = 1, type = 'a') => {
  const placed = await one.events.appendAlone(Array.from({ length: count }, () => anEvent({ type })));
  return placed.map(({ id }) => id);
};
const endpoints = async (count: number, options: TestEndpoint = {}): Promise<EndpointId[]> => {
  const receiver = await addReceiver(fixture.dataSource, ids);
  const added: EndpointId[] = [];
  for (let n = 0; n < count; n += 1) added.push(await addEndpoint(fixture.dataSource, ids, receiver, options));
  return added;
};
const claim = (database: PostgresDatabase, owner: string, limit = 100) => database.dispatch.claim({ owner, limit });
const listed = (claims: readonly ClaimedSignal[]) =>
  claims.flatMap(({ body }) =>
    (JSON.parse(body) as { data: { events: { id: string }[] } }).data.events.map(({ id }) => id),
  );
const change = (endpoint: EndpointId, work: (manager: EntityManager) => Promise<void>) =>
  fixture.dataSource.transaction(async (manager) => {
    await beginEndpointChange(manager, endpoint);
    await work(manager);
  });
/** An endpoint that starts where the log is, as the service creates it. */
const created = (manager: EntityManager, endpoint: EndpointId) => async () =>
  insertPosition(manager, { id: endpoint, urlVersion: 0 }, await startingPlace(manager, 'now', 0), null, time);

/** What the watched node writes down after composing. */
const SAVES = 'open_signal = v.open_signal';

/** Lets `meanwhile` happen before the watched node writes down what it composed; once. */
function beforeSaving(meanwhile: () => Promise<unknown>): void {
  engine.before = async (text) => {
    if (!text.includes(SAVES)) return;
    engine.before = () => Promise.resolve();
    await meanwhile();
  };
}

describe('several nodes claim', () => {
  it('each endpoint goes to one of them', async () => {
    const all = await endpoints(30);
    await publish();
    await one.dispatch.wake(1_000);
    const claimed = await Promise.all([claim(one, 'one', 10), claim(two, 'two', 10), claim(one, 'one', 10)]);
    const rest = await claim(two, 'two');
    const got = [...claimed.flat(), ...rest].map(({ endpoint }) => endpoint);
    expect(got).toHaveLength(30);
    expect(new Set(got)).toEqual(new Set(all));
  });

  it('an outcome is not recorded once another node has taken the endpoint over', async () => {
    const [endpoint] = await endpoints(1);
    await publish();
    await one.dispatch.wake(1_000);
    const [late] = await claim(one, 'one');
    time += POLICY.leaseMs + 1;
    const [taken] = await claim(two, 'two');
    expect(taken).toMatchObject({ endpoint, signal: late?.signal, body: late?.body });
    if (!late || !taken) throw new Error('nothing was claimed');
    expect(await one.dispatch.settle([outcome(late)])).toEqual(['lost-lease']);
    expect(await one.dispatch.renew([late], 'one')).toEqual([late]);
    expect(await two.dispatch.settle([outcome(taken)])).toEqual(['settled']);
  });

  it('a renewed lease is nobody else’s', async () => {
    await endpoints(1);
    await publish();
    await one.dispatch.wake(1_000);
    const claims = await claim(one, 'one');
    time += POLICY.leaseMs - 1;
    expect(await one.dispatch.renew(claims, 'one')).toEqual([]);
    time += POLICY.leaseMs - 1;
    expect(await claim(two, 'two')).toEqual([]);
  });

  it('a node gives back what it leased and does not know, but not what it may be composing', async () => {
    await endpoints(2);
    await publish();
    await one.dispatch.wake(1_000);
    const [known, unknown] = await claim(one, 'one');
    if (!known || !unknown) throw new Error('nothing was claimed');
    await one.dispatch.renew([known], 'one');
    expect(await claim(two, 'two')).toEqual([]);
    time += 21_000;
    await one.dispatch.renew([known], 'one');
    expect((await claim(two, 'two')).map(({ endpoint }) => endpoint)).toEqual([unknown.endpoint]);
  });

  it('more outcomes than one statement takes are recorded', async () => {
    const receiver = await addReceiver(fixture.dataSource, ids);
    await addEndpoint(fixture.dataSource, ids, receiver);
    for (const table of ['endpoint', 'endpoint_filter', 'endpoint_position']) {
      const id = table === 'endpoint' ? 'id' : 'endpoint_id';
      await fixture.dataSource
        .query(`INSERT INTO signpost_${table} SELECT (jsonb_populate_record(t, jsonb_build_object('${id}', 'ep_' || n))).*
        FROM signpost_${table} t, generate_series(1, 2500) AS n`);
    }
    await publish();
    await one.dispatch.wake(1_000);
    const claims = await claim(one, 'one', 3_000);
    expect(claims).toHaveLength(2_501);
    const settled = await one.dispatch.settle(claims.map((claimed) => outcome(claimed)));
    expect(settled.filter((result) => result === 'settled')).toHaveLength(2_501);
  });
});

describe('an endpoint changes while a node works on it', () => {
  const claimOne = async () => {
    const [endpoint] = await endpoints(1);
    await publish();
    await one.dispatch.wake(1_000);
    const [claimed] = await claim(one, 'one');
    if (!claimed || !endpoint) throw new Error('nothing was claimed');
    return { endpoint, claimed };
  };
  const position = async (endpoint: EndpointId) => {
    const [row] = await fixture.dataSource.query<Record<string, unknown>[]>(
      'SELECT active, attempt, due_at, lease_owner, open_signal FROM signpost_endpoint_position WHERE endpoint_id = $1',
      [endpoint],
    );
    return row;
  };

  it('paused, it stays paused whatever the outcome is', async () => {
    const { endpoint, claimed } = await claimOne();
    await change(endpoint, (manager) => parkPosition(manager, endpoint));
    expect(await one.dispatch.settle([outcome(claimed)])).toEqual(['settled']);
    expect(await position(endpoint)).toMatchObject({ active: 0, due_at: null, lease_owner: null, open_signal: null });
  });

  it('paused and resumed, it begins with a clean slate and is not sent to twice at a time', async () => {
    const { endpoint, claimed } = await claimOne();
    await change(endpoint, (manager) => parkPosition(manager, endpoint));
    await change(endpoint, (manager) => resumePosition(manager, endpoint, null, time));
    expect(await claim(two, 'two')).toEqual([]);
    expect(await one.dispatch.settle([outcome(claimed, { outcome: 'failed', sentAt: time })])).toEqual(['settled']);
    expect(await position(endpoint)).toMatchObject({ active: 1, attempt: 1 });
  });

  it('changed between look and writing down, it is composed anew', async () => {
    const [endpoint] = await endpoints(1);
    const [event] = await publish();
    await one.dispatch.wake(1_000);
    beforeSaving(() => change(endpoint as EndpointId, (manager) => parkPosition(manager, endpoint as EndpointId)));
    expect(await watched.claim({ owner: 'w', limit: 10 })).toEqual([]);
    expect(await position(endpoint as EndpointId)).toMatchObject({ active: 0, due_at: null, lease_owner: null });
    await change(endpoint as EndpointId, (manager) => resumePosition(manager, endpoint as EndpointId, null, time));
    expect(listed(await claim(two, 'two'))).toEqual([event]);
  });
});

describe('a receiver fetches while it is about to be reminded', () => {
  it.each(['fetched', 'acked'] as const)(
    'what was %s between the looks at its mark and its receipts is in no reminder',
    async (kind) => {
      const [endpoint] = await endpoints(1, { confirm: kind === 'acked' ? 'ack' : 'fetch' });
      const [{ receiver_id: receiver } = { receiver_id: '' as ReceiverId }] = await fixture.dataSource.query<
        { receiver_id: ReceiverId }[]
      >('SELECT receiver_id FROM signpost_endpoint WHERE id = $1', [endpoint]);
      const placed = await one.events.appendAlone([anEvent(), anEvent()]);
      const [first, second] = placed;
      await one.dispatch.wake(1_000);
      const [signalled] = await claim(one, 'one');
      if (!signalled || !first || !second) throw new Error('nothing was claimed');
      await one.dispatch.settle([outcome(signalled, { sentAt: time })]);
      time += 2 * 300_000;
      engine.before = async (text) => {
        if (!text.includes('signpost_receipt')) return;
        engine.before = () => Promise.resolve();
        // Written by another node, and folded: the mark is raised and the receipt is gone.
        await two.progress.apply([{ receiver, progress: { kind, positions: [first.position] } }]);
      };
      expect(listed(await watched.claim({ owner: 'w', limit: 10 }))).toEqual([second.id]);
    },
  );
});

describe('events come while endpoints are created, resumed and looked at', () => {
  /** Everything that is signalled until nothing is due. */
  const signalled = async () => {
    const got: string[] = [];
    for (;;) {
      await one.dispatch.wake(1_000);
      const claims = await claim(one, 'one');
      if (claims.length === 0) return got;
      got.push(...listed(claims));
      await one.dispatch.settle(claims.map((claimed) => outcome(claimed)));
    }
  };
  /** An endpoint without its position row yet. */
  const withoutPosition = async () => {
    const [endpoint] = await endpoints(1);
    await fixture.dataSource.query('DELETE FROM signpost_endpoint_position');
    return endpoint as EndpointId;
  };

  it('one that is sequenced and woken for before the creation commits is signalled', async () => {
    await publish(3);
    const endpoint = await withoutPosition();
    const events: string[] = [];
    await fixture.dataSource.transaction(async (manager) => {
      const place = await startingPlace(manager, 'now', 0);
      events.push(...(await publish(2)));
      await two.dispatch.wake(1_000);
      await insertPosition(manager, { id: endpoint, urlVersion: 0 }, place, null, time);
    });
    expect(await signalled()).toEqual(events);
  });

  it.each([1, 2])('%d that come between the first look and its writing down are signalled', async (count) => {
    await publish(3);
    await one.dispatch.wake(1_000);
    const endpoint = await withoutPosition();
    await fixture.dataSource.transaction((manager) => created(manager, endpoint)());
    const events: string[] = [];
    beforeSaving(async () => {
      events.push(...(await publish(count)));
      await one.dispatch.wake(1_000);
    });
    expect(await watched.claim({ owner: 'w', limit: 10 })).toEqual([]);
    expect(events).toHaveLength(count);
    expect(await signalled()).toEqual(events);
  });

  it('one that comes between the look after a resume and its writing down is signalled', async () => {
    const [endpoint] = (await endpoints(1)) as [EndpointId];
    await publish();
    await signalled();
    await change(endpoint, (manager) => parkPosition(manager, endpoint));
    await change(endpoint, (manager) => resumePosition(manager, endpoint, null, time));
    let event: string | undefined;
    beforeSaving(async () => {
      [event] = await publish();
      await one.dispatch.wake(1_000);
    });
    await watched.claim({ owner: 'w', limit: 10 });
    expect(await signalled()).toEqual([event]);
  });

  it('one that comes while another is being sent is signalled after it', async () => {
    await endpoints(1);
    const [first] = await publish();
    await one.dispatch.wake(1_000);
    const claims = await claim(one, 'one');
    const [second] = await publish();
    await two.dispatch.wake(1_000);
    expect(await claim(two, 'two')).toEqual([]);
    await one.dispatch.settle(claims.map((claimed) => outcome(claimed)));
    expect([listed(claims), await signalled()]).toEqual([[first], [second]]);
  });

  it('waking twice for the same events does no harm', async () => {
    await endpoints(3);
    const [event] = await publish();
    await Promise.all([one.dispatch.wake(1_000), two.dispatch.wake(1_000)]);
    await fixture.dataSource.query('DELETE FROM signpost_log_matched');
    await two.dispatch.wake(1_000);
    expect(await signalled()).toEqual([event, event, event]);
    await fixture.dataSource.query('DELETE FROM signpost_log_matched');
    expect(await signalled()).toEqual([]);
  });

  it('a burst of many tenants and long types is woken for', async () => {
    const [tenant, type] = ['t500', Array.from({ length: 30 }, (_, n) => `s${n}`).join('.')];
    const receiver = await addReceiver(fixture.dataSource, ids, { tenant });
    const endpoint = await addEndpoint(fixture.dataSource, ids, receiver, { tenant, eventTypes: ['s0.s1.*'] });
    await one.events.appendAlone(Array.from({ length: 1_000 }, (_, n) => anEvent({ tenant: `t${n}`, type })));
    await one.dispatch.wake(1_000);
    expect((await claim(one, 'one')).map((claimed) => claimed.endpoint)).toEqual([endpoint]);
  });
});

describe('the log grows for every node', () => {
  it('a node hears of what another one sequenced, and looks by itself if it does not', async () => {
    const heard = { by: 0, deaf: 0 };
    const three = await fixture.another({ heard: () => void heard.by++ });
    // Nobody listens there.
    const four = await fixture.another({
      heard: () => void heard.deaf++,
      listenUrl: 'postgres://nobody@127.0.0.1:1/nothing',
      dispatch: { ...POLICY, pollIntervalMs: 50 },
    });
    three.start();
    four.start();
    await until(() => heard.by > 0 && heard.deaf > 0, 'the first look of both');
    const before = { ...heard };
    await publish();
    await until(() => heard.by > before.by && heard.deaf > before.deaf, 'both nodes to notice');
  });

  it('what a node committed is there when it reads, while its own loop is at work', async () => {
    one.start();
    const entitlement = { tenant: 'acme', types: [['*']] };
    for (let n = 0; n < 20; n += 1) {
      const event = anEvent();
      await fixture.dataSource.transaction((manager) => one.events.append(manager, [event]));
      const [read, again] = await Promise.all([
        one.events.readOne(event.id, entitlement),
        one.events.readOne(event.id, entitlement),
      ]);
      expect([read?.id, again?.id]).toEqual([event.id, event.id]);
    }
  });
});
