import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClaimedSignal, DispatchStore, Settlement } from '../../../src/producer/dispatch/dispatch-store.js';
import { Delivery } from '../../../src/producer/dispatch/delivery.js';
import { Dispatcher } from '../../../src/producer/dispatch/dispatcher.js';
import { IdGenerator, type EndpointId } from '../../../src/protocol/ids.js';
import type { AttemptResult } from '../../../src/producer/signal/signal-sender.js';
import { until } from '../../support/until.js';

const ids = new IdGenerator();
const ACCEPTED: AttemptResult = {
  outcome: 'acknowledged',
  status: 202,
  latencyMs: 1,
  category: null,
  retryAfterMs: null,
};

function aClaim(endpoint: EndpointId = ids.next('ep')): ClaimedSignal {
  return {
    endpoint,
    token: 1,
    version: 1,
    urlVersion: 1,
    signal: ids.next('sig'),
    kind: 'events',
    attempt: 1,
    body: '{}',
    traceparent: null,
    challenge: null,
    first: 1,
    last: 1,
    count: 1,
  };
}

/** A store that hands out what it is given and remembers what comes back. */
class FakeStore implements DispatchStore {
  due: ClaimedSignal[] = [];
  settled: Settlement[] = [];
  claims = 0;
  wakes = 0;
  failures = 0;
  settleFailures = 0;
  limits: number[] = [];

  wake() {
    this.wakes += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error('database is locked'));
    }
    return Promise.resolve({ looked: 0, more: false });
  }
  claim({ limit }: { limit: number }) {
    this.limits.push(limit);
    return Promise.resolve(this.due.splice(0, limit));
  }
  claimForTest() {
    return Promise.resolve('in-flight' as const);
  }
  settle(settlements: readonly Settlement[]) {
    if (this.settleFailures > 0) {
      this.settleFailures -= 1;
      return Promise.reject(new Error('disk full'));
    }
    this.settled.push(...settlements);
    return Promise.resolve(settlements.map(() => 'settled' as const));
  }
  renew() {
    return Promise.resolve([]);
  }
  nextDueAt() {
    return Promise.resolve(null);
  }
  recoverLeases() {
    return Promise.resolve(0);
  }
  pruneAttempts() {
    return Promise.resolve(0);
  }
}

const started: Dispatcher[] = [];

function setUp(
  send: (abort: AbortSignal | undefined) => Promise<AttemptResult> = () => Promise.resolve(ACCEPTED),
  maxInFlight = 10,
) {
  const store = new FakeStore();
  const directory = {
    targets: (endpoints: readonly { endpoint: EndpointId }[]) =>
      Promise.resolve(
        new Map(
          endpoints.map(({ endpoint }) => [
            endpoint,
            { url: 'https://example.com', urlVersion: 1, signature: 'standard' as const, secrets: [] },
          ]),
        ),
      ),
  };
  const delivery = new Delivery(directory, { send: ({ signal }) => send(signal) }, () => 1_000);
  const dispatcher = new Dispatcher(store, delivery, {
    owner: 'test',
    claimBatch: 5,
    maxInFlight,
    pollIntervalMs: 60_000,
    leaseMs: 60_000,
    now: () => 1_000,
  });
  started.push(dispatcher);
  return { store, dispatcher };
}

describe('the dispatcher', () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((dispatcher) => dispatcher.stop()));
  });

  it('runOnce sends everything that is due and waits for the outcomes', async () => {
    const { store, dispatcher } = setUp();
    store.due = Array.from({ length: 12 }, () => aClaim());
    expect(await dispatcher.runOnce()).toEqual({ claimed: 12, settled: 12 });
    expect(store.settled.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 12 }, () => 'acknowledged'));
  });

  it('claims no more than there are free places', async () => {
    let open = 0;
    let peak = 0;
    const releases: (() => void)[] = [];
    const { store, dispatcher } = setUp(() => {
      open += 1;
      peak = Math.max(peak, open);
      return new Promise((resolve) =>
        releases.push(() => {
          open -= 1;
          resolve(ACCEPTED);
        }),
      );
    }, 3);
    store.due = Array.from({ length: 20 }, () => aClaim());
    dispatcher.start();
    while (store.settled.length < 20) {
      await until(() => releases.length > 0 || store.settled.length === 20);
      releases.splice(0).forEach((release) => release());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await dispatcher.stop();
    expect(peak).toBeLessThanOrEqual(3);
    expect(Math.max(...store.limits)).toBeLessThanOrEqual(3);
  });

  it('sleeps until it is notified', async () => {
    const { store, dispatcher } = setUp();
    dispatcher.start();
    await until(() => store.wakes > 0);
    store.due = [aClaim()];
    dispatcher.notify();
    await until(() => store.settled.length === 1);
    await dispatcher.stop();
  });

  it('a notification that comes while the loop works is not lost', async () => {
    const { store, dispatcher } = setUp();
    const wake = store.wake.bind(store);
    store.wake = () => {
      // Between the look at the log and the sleep that follows it.
      if (store.wakes === 0) {
        dispatcher.notify();
        queueMicrotask(() => store.due.push(aClaim()));
      }
      return wake();
    };
    store.claim = async ({ limit }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return store.wakes === 1 ? [] : store.due.splice(0, limit);
    };
    dispatcher.start();
    await until(() => store.settled.length === 1);
    await dispatcher.stop();
  });

  it('a database that fails for a while pauses the loop and ends nothing', async () => {
    const { store, dispatcher } = setUp();
    store.failures = 2;
    // Claimed in a pass whose other half failed: sent all the same.
    store.due = [aClaim()];
    dispatcher.start();
    await until(() => store.settled.length === 1);
    await until(() => store.wakes > 2);
    store.due = [aClaim()];
    dispatcher.notify();
    await until(() => store.settled.length === 2);
  });

  it('an outcome that cannot be written is kept until it can', async () => {
    const { store, dispatcher } = setUp();
    store.settleFailures = 3;
    store.due = [aClaim(), aClaim()];
    await dispatcher.runOnce();
    expect(store.settled).toHaveLength(2);
  });

  it('stop claims nothing more and waits for what is in flight', async () => {
    let release: (() => void) | undefined;
    const { store, dispatcher } = setUp(
      () =>
        new Promise((resolve) => {
          release = () => resolve(ACCEPTED);
        }),
    );
    store.due = [aClaim()];
    dispatcher.start();
    await until(() => release);
    const stopped = dispatcher.stop();
    store.due = [aClaim()];
    dispatcher.notify();
    release?.();
    await stopped;
    expect(store.settled).toHaveLength(1);
    expect(store.due).toHaveLength(1);
  });

  it('an attempt that the stop cut short is released, not failed', async () => {
    const { store, dispatcher } = setUp(() =>
      Promise.resolve({ ...ACCEPTED, outcome: 'failed', status: null, category: 'aborted' }),
    );
    store.due = [aClaim()];
    await dispatcher.runOnce();
    expect(store.settled.map(({ outcome }) => outcome)).toEqual(['released']);
  });
});
