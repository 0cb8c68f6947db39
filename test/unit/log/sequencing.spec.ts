import { describe, expect, it } from '@jest/globals';
import type { Sequenced } from '../../../src/producer/log/postgres-sequencer.js';
import { Sequencing } from '../../../src/producer/log/sequencing.js';
import { until } from '../../support/until.js';

/** A partition whose steps end when the test says so. */
function partition() {
  const steps: { end(done?: Partial<Sequenced>): void; fail(error: Error): void }[] = [];
  const step = () =>
    new Promise<Sequenced>((resolve, reject) =>
      steps.push({ end: (done) => resolve({ count: 0, more: false, head: 0, ...done }), fail: reject }),
    );
  return { steps, step };
}

function sequencing(partitions = new Set([0])) {
  const parts = new Map<number, ReturnType<typeof partition>>();
  const of = (number: number) => parts.get(number) ?? parts.set(number, partition()).get(number) ?? partition();
  const grown = { times: 0 };
  const subject = new Sequencing(partitions, of, 60_000, () => void grown.times++);
  const step = (index: number, number = 0) => until(() => of(number).steps[index], `step ${index}`);
  return { subject, grown, of, step };
}

/** Whether a promise is still open after everything that could settle it by itself. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => void (settled = true);
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return !settled;
}

describe('sequencing', () => {
  it('has nothing to wait for while this node has committed nothing', async () => {
    const { subject, of } = sequencing();
    await subject.upToDate();
    expect(of(0).steps).toHaveLength(0);
  });

  it('who asks after a commit waits for its positions, also when the pass that gives them is under way', async () => {
    const { subject, step } = sequencing();
    subject.notify();
    const first = subject.upToDate();
    const pass = await step(0);
    const second = subject.upToDate();
    expect(await isOpen(second)).toBe(true);
    pass.end();
    await Promise.all([first, second]);
  });

  it('who asks during a pass that began before the commit waits for the next one', async () => {
    const { subject, step } = sequencing();
    const early = subject.runOnce();
    const first = await step(0);
    subject.notify();
    const asked = subject.upToDate();
    first.end();
    await early;
    expect(await isOpen(asked)).toBe(true);
    (await step(1)).end();
    await asked;
  });

  it('asked by many during a pass, runs once more for all of them', async () => {
    const { subject, step, of } = sequencing();
    const calls = [subject.runOnce()];
    const first = await step(0);
    calls.push(subject.runOnce(), subject.runOnce(), subject.runOnce());
    first.end();
    (await step(1)).end();
    await Promise.all(calls);
    expect(of(0).steps).toHaveLength(2);
  });

  it('goes on while more is left', async () => {
    const { subject, step } = sequencing();
    const run = subject.runOnce();
    (await step(0)).end({ more: true });
    expect(await isOpen(run)).toBe(true);
    (await step(1)).end();
    await run;
  });

  it('rejects when it fails, and owes what was committed until it succeeds', async () => {
    const { subject, step } = sequencing();
    subject.notify();
    const failed = subject.upToDate();
    (await step(0)).fail(new Error('no database'));
    await expect(failed).rejects.toThrow('no database');
    const again = subject.upToDate();
    expect(await isOpen(again)).toBe(true);
    (await step(1)).end();
    await again;
  });

  it('a failed pass does not keep the next one from running', async () => {
    const { subject, step } = sequencing();
    const failed = subject.runOnce();
    const next = (await step(0), subject.runOnce());
    (await step(0)).fail(new Error('no database'));
    await expect(failed).rejects.toThrow('no database');
    (await step(1)).end();
    await next;
  });

  it('says that the log has grown, whoever made it grow', async () => {
    const { subject, step, grown } = sequencing();
    for (const [index, head] of [5, 5, 7].entries()) {
      const run = subject.runOnce();
      (await step(index)).end({ head });
      await run;
    }
    expect(grown.times).toBe(2);
  });

  it('sequences a partition that came up later', async () => {
    const partitions = new Set([0]);
    const { subject, step } = sequencing(partitions);
    const first = subject.runOnce();
    (await step(0)).end();
    await first;
    partitions.add(7);
    const second = subject.runOnce();
    (await step(1)).end();
    expect(await isOpen(second)).toBe(true);
    (await step(0, 7)).end();
    await second;
  });

  it('its loop sequences soon after a commit, and goes on after a failure', async () => {
    const { subject, step } = sequencing();
    subject.start();
    (await step(0)).end();
    subject.notify();
    (await step(1)).fail(new Error('no database'));
    (await step(2)).end();
    await subject.stop();
  });
});
