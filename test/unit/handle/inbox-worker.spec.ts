import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { AttemptOutcome, EventAttempt } from '../../../src/receiver/handle/event-attempt.js';
import { InboxWorker } from '../../../src/receiver/handle/inbox-worker.js';
import type { Claim, ClaimRef, ClaimRequest, InboxStore } from '../../../src/receiver/inbox/inbox-store.js';
import { until } from '../../support/until.js';

const claim = (id: string): Claim => ({ entry: { id, producer: 'default' }, lane: id, token: 1 }) as unknown as Claim;

/** The part of a store that a worker uses: hands out what it is given, and notes what it is asked. */
class MemoryInbox {
  due: Claim[] = [];
  readonly asked: ClaimRequest[] = [];
  renewals = 0;
  sweeps = 0;

  claim = (request: ClaimRequest): Promise<Claim[]> => {
    this.asked.push(request);
    return Promise.resolve(this.due.splice(0, request.limit));
  };
  renew = (): Promise<ClaimRef[]> => {
    this.renewals += 1;
    return Promise.resolve([]);
  };
  sweep = (): Promise<number> => Promise.resolve((this.sweeps += 1));
  dueInMs = (): Promise<null> => Promise.resolve(null);
}

describe('the worker', () => {
  const inboxes: { worker: InboxWorker; end: () => void }[] = [];
  const setUp = () => {
    const inbox = new MemoryInbox();
    /** What the handlers that run wait for. */
    let end: () => void = () => undefined;
    const ended = new Promise<AttemptOutcome>((resolve) => (end = () => resolve('done')));
    const attempt = { run: () => ended } as unknown as EventAttempt;
    const settings = { producer: 'default', owner: 'node-1', concurrency: 10, leaseMs: 15, pollIntervalMs: 3_600_000 };
    const worker = new InboxWorker(inbox as unknown as InboxStore, attempt, settings);
    inboxes.push({ worker, end });
    return { inbox, worker, end };
  };
  beforeAll(() => Logger.overrideLogger(false));
  afterEach(async () => {
    for (const { worker, end } of inboxes.splice(0)) {
      end();
      await worker.stop();
    }
  });

  it('renews leases while handlers run that it was asked to run once', async () => {
    const { inbox, worker, end } = setUp();
    inbox.due.push(claim('a'));
    const handled = worker.runOnce();
    await until(() => inbox.renewals >= 3, 'renewals');
    end();
    expect(await handled).toMatchObject({ done: 1 });
  });

  it('renews leases of handlers that still run while it stops', async () => {
    const { inbox, worker, end } = setUp();
    inbox.due.push(claim('a'));
    worker.start();
    await until(() => inbox.asked.length > 0 && inbox.renewals > 0, 'the handler');
    const stopped = worker.stop();
    const { renewals } = inbox;
    await until(() => inbox.renewals >= renewals + 3, 'renewals during the stop');
    end();
    await stopped;
  });

  it('names each lane that was stored in once, with the next claim', async () => {
    const { inbox, worker } = setUp();
    worker.notify(['a', 'b', 'a', null]);
    await worker.runOnce();
    expect(inbox.asked.at(-1)?.released).toEqual(['a', 'b']);
    await worker.runOnce();
    expect(inbox.asked.at(-1)?.released).toEqual([]);
  });

  it('keeps a bounded number of lanes where nothing is handled; a sweep finds them instead', async () => {
    const { inbox, worker } = setUp();
    await worker.runOnce();
    expect(inbox.sweeps).toBe(1);
    for (let page = 0; page < 100; page++) {
      worker.notify(Array.from({ length: 1_000 }, (_, n) => `${page} ${n}`));
    }
    await worker.runOnce();
    expect(inbox.sweeps).toBe(2);
    expect(inbox.asked.at(-1)?.released.length).toBeLessThanOrEqual(10_000);
  });
});
