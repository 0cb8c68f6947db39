import { setTimeout as pause } from 'node:timers/promises';
import { migrate } from '../filled-log.js';
import { interleave, median } from '../interleave.js';
import { startChild } from '../processes.js';

const LOOK_EVERY_MS = 3;
const WARM_UP = 500;

/**
 * A figure without a goal: events on PostgreSQL, each in a transaction of the application, until all are committed *and* have their places
 * in the log. Against the same rows inserted by hand, which nobody sequences.
 */
export async function publishing({ databases, options }) {
  const { publishers, publishedEvents, rounds } = options;
  const database = await databases.postgres('publishing');
  await migrate(database);
  const host = await startChild('producer-host.js', { dataSource: database.dataSource });
  const raw = await startChild('baselines/raw-insert.js', { url: database.url });
  const head = async () => {
    const [{ value }] = await database.rows(
      'SELECT coalesce(max(position), 0) AS value FROM signpost_log WHERE partition = 0',
    );
    return value;
  };
  const behind = [];
  const ours = async (count) => {
    const before = await head();
    const begin = performance.now();
    await host.call('inTransactions', { count, publishers });
    const committed = performance.now();
    while ((await head()) < before + count) await pause(LOOK_EVERY_MS);
    behind.push(performance.now() - committed);
    return { count, ms: performance.now() - begin };
  };
  const byHand = (count) => raw.call('run', { count, publishers });
  await ours(WARM_UP);
  await byHand(WARM_UP);
  const results = await interleave(
    {
      ours: { pid: host.pid, run: () => ours(publishedEvents) },
      raw: { pid: raw.pid, run: () => byHand(publishedEvents) },
      hindered: { pid: host.pid, run: () => databases.underOldSnapshot(database, () => ours(publishedEvents)) },
    },
    rounds,
  );
  await Promise.all([host.stop(), raw.stop()]);
  const work = `publish in a transaction each until sequenced, ${publishers} at once, PostgreSQL`;
  const figure = { goal: '-', work, unit: 'events', against: 'the row alone, inserted by hand' };
  const last = `The last event had its place ${median(behind).toFixed(0)} ms after its commit was answered (median).`;
  return [
    { ...figure, ours: results.ours, baseline: results.raw, note: `Publishing: ${last}` },
    {
      ...figure,
      work: `${work}, beside an old snapshot`,
      against: 'the same without it',
      ours: results.hindered,
      baseline: results.ours,
    },
  ];
}
