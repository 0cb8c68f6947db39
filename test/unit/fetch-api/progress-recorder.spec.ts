import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import type { ProgressStore, ReceiverProgress } from '../../../src/producer/log/progress-store.js';
import { ProgressRecorder } from '../../../src/producer/fetch-api/progress-recorder.js';
import { until } from '../../support/until.js';

const A = 'rcv_a' as ReceiverId;
const B = 'rcv_b' as ReceiverId;

/** A store whose writes the test lets through, or fails. */
function store() {
  const writes: ReceiverProgress[][] = [];
  const gates: ((error?: Error) => void)[] = [];
  let held = false;
  const apply: ProgressStore['apply'] = (progress) => {
    writes.push([...progress]);
    if (!held) return Promise.resolve();
    return new Promise((resolve, reject) => gates.push((error) => (error ? reject(error) : resolve())));
  };
  return {
    writes,
    hold: () => (held = true),
    release: (error?: Error) => gates.shift()?.(error),
    recorder: new ProgressRecorder({ apply } as ProgressStore),
    letThrough: () => (held = false),
  };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('what receivers fetched', () => {
  it('is merged into one write: the furthest marks, and each receipt once', async () => {
    const { recorder, writes } = store();
    recorder.record(A, { kind: 'fetched-through', through: 5 });
    recorder.record(A, { kind: 'fetched-through', through: 3 });
    recorder.record(A, { kind: 'acked-through', through: 2 });
    recorder.record(A, { kind: 'fetched', positions: [7, 8] });
    recorder.record(A, { kind: 'fetched', positions: [8] });
    recorder.record(B, { kind: 'fetched', positions: [1] });
    await recorder.flush();
    expect(writes).toEqual([
      [
        { receiver: A, progress: { kind: 'fetched-through', through: 5 } },
        { receiver: A, progress: { kind: 'acked-through', through: 2 } },
        { receiver: A, progress: { kind: 'fetched', positions: [7, 8] } },
        { receiver: B, progress: { kind: 'fetched', positions: [1] } },
      ],
    ]);
  });

  it('is written by itself, soon', async () => {
    const { recorder, writes } = store();
    recorder.record(A, { kind: 'fetched', positions: [1] });
    expect(writes).toHaveLength(0);
    await until(() => writes.length === 1);
  });

  it('is written before the application ends', async () => {
    const { recorder, writes } = store();
    recorder.record(A, { kind: 'fetched', positions: [1] });
    await recorder.beforeApplicationShutdown();
    expect(writes).toHaveLength(1);
  });

  it('that comes during a write goes into the next one, never beside it', async () => {
    const { recorder, writes, hold, release, letThrough } = store();
    hold();
    recorder.record(A, { kind: 'fetched', positions: [1] });
    const first = recorder.flush();
    recorder.record(A, { kind: 'fetched', positions: [2] });
    const second = recorder.flush();
    await Promise.resolve();
    expect(writes).toHaveLength(1);
    letThrough();
    release();
    await Promise.all([first, second]);
    expect(writes.map((write) => write[0]?.progress)).toEqual([
      { kind: 'fetched', positions: [1] },
      { kind: 'fetched', positions: [2] },
    ]);
  });

  it('that could not be written is written later', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { recorder, writes, hold, release, letThrough } = store();
    hold();
    recorder.record(A, { kind: 'fetched-through', through: 9 });
    const flushed = recorder.flush();
    letThrough();
    release(new Error('locked'));
    await flushed;
    await until(() => writes.length === 2);
    expect(writes[1]).toEqual(writes[0]);
  });
});

describe('an explicit ack', () => {
  it('resolves when it is written, not before', async () => {
    const { recorder, writes, hold, release } = store();
    hold();
    let done = false;
    const ack = recorder.recordDurably(A, { kind: 'acked-through', through: 4 }).then(() => (done = true));
    await until(() => writes.length === 1);
    expect(done).toBe(false);
    release();
    await ack;
  });

  it('shares its write with those that come at the same time', async () => {
    const { recorder, writes } = store();
    await Promise.all([1, 2, 3].map((position) => recorder.recordDurably(A, { kind: 'acked', positions: [position] })));
    expect(writes).toEqual([[{ receiver: A, progress: { kind: 'acked', positions: [1, 2, 3] } }]]);
  });

  it('rejects when it could not be written', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { recorder, writes, hold, release, letThrough } = store();
    hold();
    const ack = recorder.recordDurably(A, { kind: 'acked', positions: [1] });
    await until(() => writes.length === 1);
    const cause = new Error('locked');
    letThrough();
    release(cause);
    await expect(ack).rejects.toBe(cause);
  });
});
