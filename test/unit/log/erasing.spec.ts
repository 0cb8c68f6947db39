import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { IdGenerator, type ErasureId } from '../../../src/protocol/ids.js';
import { NotOverwrittenError } from '../../../src/producer/log/errors.js';
import type { ErasureStore } from '../../../src/producer/log/erasure-store.js';
import { Erasing } from '../../../src/producer/log/erasing.js';

/** Erasures of three batches each, in memory; the test says which call fails. */
function harness() {
  const calls: string[] = [];
  const open = new Map<ErasureId, { left: number; doneAt: number | null }>();
  const failing = { eraseSome: 0, overwrite: false };
  const store: ErasureStore = {
    accept: async ({ id }) => {
      calls.push('accept');
      open.set(id, { left: 3, doneAt: null });
    },
    eraseSome: async (id) => {
      if (failing.eraseSome > 0 && --failing.eraseSome === 0) throw new Error('The database is gone');
      calls.push('erase');
      const erasure = open.get(id);
      if (erasure) erasure.left--;
      return (erasure?.left ?? 0) > 0;
    },
    overwrite: async () => {
      calls.push('overwrite');
      if (failing.overwrite) throw new NotOverwrittenError();
    },
    finish: async (id, now) => {
      calls.push('finish');
      const erasure = open.get(id);
      if (erasure) erasure.doneAt = now;
    },
    state: async (id) => ({
      events: 3 - (open.get(id)?.left ?? 0),
      acceptedAt: 0,
      doneAt: open.get(id)?.doneAt ?? null,
    }),
    unfinished: async () => [...open].filter(([, { doneAt }]) => doneAt === null).map(([id]) => id),
    epoch: async () => 0,
  };
  const erasing = new Erasing(store, new IdGenerator(), { now: () => 7, erased: () => calls.push('erased') });
  return { calls, failing, erasing, store };
}

describe('erasing', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('is accepted first, drops copies after each batch, and is finished last', async () => {
    const { calls, erasing } = harness();
    expect(await erasing.erase('acme', 'anna')).toMatchObject({ events: 3, doneAt: 7 });
    const batch = ['erase', 'erased'];
    expect(calls).toEqual(['accept', ...batch, ...batch, ...batch, 'overwrite', 'finish']);
  });

  it('that was interrupted, at whichever batch, is finished by the next look', async () => {
    for (const at of [1, 2, 3]) {
      const { failing, erasing, store } = harness();
      failing.eraseSome = at;
      await expect(erasing.erase('acme', 'anna')).rejects.toThrow('The database is gone');
      expect(await store.unfinished()).toHaveLength(1);
      await erasing.notify();
      expect(await store.unfinished()).toEqual([]);
    }
  });

  it('stays open until the files were overwritten, and says so', async () => {
    const { failing, erasing, store } = harness();
    failing.overwrite = true;
    expect(await erasing.erase('acme', 'anna')).toMatchObject({ events: 3, doneAt: null });
    await erasing.notify();
    expect(await store.unfinished()).toHaveLength(1);
    failing.overwrite = false;
    await erasing.notify();
    expect(await store.unfinished()).toEqual([]);
  });

  it('that is stopped between two batches leaves the rest for later', async () => {
    const { erasing, store } = harness();
    await erasing.stop();
    expect(await erasing.erase('acme', 'anna')).toMatchObject({ events: 0, doneAt: null });
    expect(await store.unfinished()).toHaveLength(1);
  });
});
