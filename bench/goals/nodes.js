import { endpointsFor, oneByOne } from '../endpoints.js';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';
import { startService } from '../service.js';
import { watchAttempts } from '../signalled.js';

const TARGET = 1.2;

/** Some nodes on one database, and as many endpoints as the sink has origins. */
async function open({ workspace, databases, options, sink }, name, nodes) {
  const database = await databases.postgres(name);
  const services = [];
  for (let node = 1; node <= nodes; node++) {
    const log = workspace.file(`${name}-${node}.log`);
    services.push(await startService({ database: database.url, log, profile: options.profile }));
  }
  const [service] = services;
  await endpointsFor(service, sink.started);
  const attempts = watchAttempts(database);
  const events = oneByOne({ service, attempts, endpoints: options.endpoints });
  const run = async (count) => {
    const before = await sink.call('received');
    const result = await events(count);
    // Each settled signal was received; one more that was received was sent twice, or is not written down.
    const received = (await sink.call('received')) - before;
    if (received !== result.count) throw new Error(`${result.count} signals, ${received} requests: sent twice`);
    return result;
  };
  const stop = () => Promise.all(services.map((each) => each.stop()));
  return { pid: service.pid, prepare: () => run(1), run: () => run(options.fanoutEvents), stop };
}

/** Goal 13: fan-out by two nodes on one PostgreSQL, against one. Everything shares this machine's cores. */
export async function nodes({ workspace, databases, options }) {
  const sink = await startChild('receivers/sink.js', { origins: options.endpoints });
  const setting = { workspace, databases, options, sink };
  const contenders = { one: await open(setting, 'nodes-one', 1), two: await open(setting, 'nodes-two', 2) };
  const results = await interleave(contenders, options.rounds);
  for (const { stop } of Object.values(contenders)) await stop();
  await sink.stop();
  return [
    {
      goal: '13',
      work: `1 event to ${options.endpoints.toLocaleString('en')} endpoints, 2 nodes on one PostgreSQL`,
      unit: 'signals',
      against: '1 node',
      ours: results.two,
      baseline: results.one,
      target: TARGET,
      note: 'Goal 13: nothing was sent twice. Nodes, PostgreSQL and receivers share the cores of this machine; the goal supposes that there are enough for each.',
    },
  ];
}
