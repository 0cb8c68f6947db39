import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { InboxRetention } from '../../../src/receiver/inbox/inbox-retention.js';
import { until } from '../../support/until.js';

/** An inbox of which so many entries are past their time. */
class OldInbox {
  readonly asked: [producer: string, olderThanMs: number, limit: number][] = [];
  failures: Error[] = [];

  constructor(public old: number) {}

  prune = async (...args: [string, number, number]): Promise<number> => {
    this.asked.push(args);
    await new Promise(setImmediate);
    const failure = this.failures.shift();
    if (failure) throw failure;
    const removed = Math.min(this.old, args[2]);
    this.old -= removed;
    return removed;
  };
}

describe('retention', () => {
  let retention: InboxRetention | undefined;
  const setUp = (old: number, everyMs = 3_600_000) => {
    const inbox = new OldInbox(old);
    retention = new InboxRetention(inbox, 'shop', 60_000, everyMs);
    return { inbox, retention };
  };
  beforeAll(() => Logger.overrideLogger(false));
  afterEach(() => retention?.stop());

  it('removes all that is past its time, a thousand at a time', async () => {
    const { inbox, retention } = setUp(2_500);
    expect(await retention.runOnce()).toBe(2_500);
    expect(inbox.old).toBe(0);
    for (const asked of inbox.asked) expect(asked).toEqual(['shop', 60_000, 1_000]);
  });

  it('looks at the start, and again and again', async () => {
    const { inbox, retention } = setUp(10, 5);
    retention.start();
    await until(() => inbox.old === 0, 'the first look');
    inbox.old = 10;
    await until(() => inbox.old === 0, 'the next one');
  });

  it('looks again after the database refused', async () => {
    const { inbox, retention } = setUp(10, 5);
    inbox.failures.push(new Error('locked'), new Error('locked'));
    retention.start();
    await until(() => inbox.old === 0, 'the look that succeeds');
  });

  it('ends between two steps when it is stopped, and looks no more', async () => {
    const { inbox, retention } = setUp(1_000_000_000, 5);
    retention.start();
    await until(() => inbox.asked.length > 3, 'several steps');
    await retention.stop();
    const { length } = inbox.asked;
    expect(inbox.old).toBeGreaterThan(0);
    // Another one shows that it would have been time.
    const other = setUp(0, 5);
    other.retention.start();
    await until(() => other.inbox.asked.length > 3, 'several looks');
    expect(inbox.asked).toHaveLength(length);
  });
});
