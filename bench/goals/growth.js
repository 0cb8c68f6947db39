import { setTimeout as pause } from 'node:timers/promises';
import { followFeed } from '../feed-reader.js';
import { addIdleEndpoints, fillDatabase, migrate } from '../filled-log.js';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';

const LOOK_EVERY_MS = 5;
const FEW_EVENTS = 10_000;
const FEW_ENDPOINTS = 10;
const MANY_ENDPOINTS = 10_000;

/** One producer with one endpoint that gets everything, on a log of a size, among idle endpoints. */
async function open({ database, sink, events, idle }) {
  await migrate(database);
  await fillDatabase(database, events);
  await addIdleEndpoints(database, idle);
  const url = `http://127.0.0.1:${sink.started[0]}/`;
  const host = await startChild('producer-host.js', { dataSource: database.dataSource, url });
  const feed = await followFeed(host.started);
  const place = async () => {
    const [row] = await database.rows(
      `SELECT signalled_through AS value FROM signpost_endpoint_position WHERE endpoint_id = '${host.started.endpoint}'`,
    );
    return row.value;
  };
  const signalled = async (position) => {
    while ((await place()) < position) await pause(LOOK_EVERY_MS);
  };
  const run = async (count) => {
    const before = await place();
    const begin = performance.now();
    await Promise.all([host.call('publish', count), feed.reads(count), signalled(before + count)]);
    return { count, ms: performance.now() - begin };
  };
  return { pid: host.pid, run, stop: () => host.stop() };
}

/** Goal 10: the whole way of an event but for the receiver's own store, on a small and a large log, among few and many idle endpoints. */
export async function growth({ databases, options }) {
  const { largeLog, growthEvents, rounds } = options;
  const sink = await startChild('receivers/sink.js', { origins: 1 });
  const comparisons = [];
  for (const kind of ['sqlite', 'postgres']) {
    const producer = async (name, events, idle) =>
      open({ database: await databases[kind](`growth-${name}`), sink, events, idle });
    process.stderr.write('filling ');
    const producers = {
      small: await producer('small', FEW_EVENTS, FEW_ENDPOINTS),
      log: await producer('log', largeLog, FEW_ENDPOINTS),
      endpoints: await producer('endpoints', FEW_EVENTS, MANY_ENDPOINTS),
    };
    const contenders = Object.entries(producers).map(([name, { pid, run }]) => [
      name,
      { pid, run: () => run(growthEvents) },
    ]);
    await interleave(Object.fromEntries(contenders), 1);
    const results = await interleave(Object.fromEntries(contenders), rounds);
    for (const { stop } of Object.values(producers)) await stop();
    const database = kind === 'sqlite' ? 'SQLite' : 'PostgreSQL';
    const few = FEW_EVENTS.toLocaleString('en');
    const compare = (work, against, ours) => ({
      goal: '10',
      work: `an event ${work}, ${database}`,
      unit: 'µs',
      against,
      lessIsBetter: true,
      ours: cost(ours),
      baseline: cost(results.small),
      target: 1.3,
    });
    comparisons.push(
      compare(`in a log of ${largeLog.toLocaleString('en')}`, `in a log of ${few}`, results.log),
      compare(`among ${MANY_ENDPOINTS.toLocaleString('en')} idle endpoints`, `among 10`, results.endpoints),
    );
  }
  await sink.stop();
  return comparisons;
}

/** Time of one, from how many a second. */
function cost({ rate, low, high, ...cpu }) {
  return { rate: 1e6 / rate, low: 1e6 / high, high: 1e6 / low, ...cpu };
}
