import { endpointsFor, oneByOne } from '../endpoints.js';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';
import { startService } from '../service.js';
import { watchAttempts } from '../signalled.js';

const TARGETS = { SQLite: 0.6, PostgreSQL: 0.45 };

/** Goal 1, for each database by itself. The floor: as many signed POSTs to the same origins. */
export async function fanout({ workspace, databases, options }) {
  const sink = await startChild('receivers/sink.js', { origins: options.endpoints });
  const floor = await startChild('baselines/floor.js', { ports: sink.started });
  const comparisons = [];
  for (const database of await databases.both('fanout')) {
    const log = workspace.file(`fanout-${database.kind}.log`);
    const service = await startService({ database: database.url, log, profile: options.profile });
    await endpointsFor(service, sink.started);
    comparisons.push(...(await compare({ databases, database, service, floor, options })));
    await service.stop();
  }
  await Promise.all([floor.stop(), sink.stop()]);
  return comparisons;
}

async function compare({ databases, database, service, floor, options }) {
  const { endpoints, fanoutEvents, rounds } = options;
  const events = oneByOne({ service, attempts: watchAttempts(database), endpoints });
  const posts = (count) => floor.call('run', { rounds: count });
  // Undici closes a connection that was idle for 4 s, so each turn begins with a round that does not count.
  const contender = (pid, run) => ({ pid, prepare: () => run(1), run: () => run(fanoutEvents) });
  const contenders = { ours: contender(service.pid, events), floor: contender(floor.pid, posts) };
  const postgres = database.kind === 'PostgreSQL';
  if (postgres) {
    contenders.hindered = contender(service.pid, (count) => databases.underOldSnapshot(database, () => events(count)));
  }
  const results = await interleave(contenders, rounds);
  const work = `1 event to ${endpoints.toLocaleString('en')} endpoints, ${database.kind}`;
  const first = { goal: '1', work, unit: 'signals', against: 'floor: signed POSTs, no database' };
  const comparison = { ...first, ours: results.ours, baseline: results.floor, target: TARGETS[database.kind] };
  if (!postgres) return [comparison];
  const hindered = { ...first, work: `${work}, beside an old snapshot`, against: 'the same without it' };
  return [comparison, { ...hindered, ours: results.hindered, baseline: results.ours }];
}
