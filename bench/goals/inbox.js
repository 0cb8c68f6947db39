import { randomBytes } from 'node:crypto';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';

/** Of the sender of full payloads; the more, the larger its receiver's group commits. */
const CONNECTIONS = [64, 256];
const WARM_UP = 2_000;

/** Publishing on one side until all of it is in the inbox on the other. */
function race(producer, receiver) {
  let total = 0;
  const run = async (count) => {
    total += count;
    const begin = performance.now();
    await Promise.all([producer.call('publish', count), receiver.call('reaches', total)]);
    return { count, ms: performance.now() - begin };
  };
  return { pid: producer.pid, run, stop: () => Promise.all([producer.stop(), receiver.stop()]) };
}

async function signpost({ workspace, options }) {
  const receiver = await startChild('receivers/module.js', { file: workspace.file('inbox.db'), handling: false });
  const dataSource = { type: 'better-sqlite3', database: workspace.file('producer.db') };
  const settings = { dataSource, url: `http://127.0.0.1:${receiver.started}/signals` };
  const flags = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const producer = await startChild('producer-host.js', settings, flags);
  await receiver.call('connect', producer.started);
  return race(producer, receiver);
}

async function classic({ workspace }, connections) {
  const secret = randomBytes(32).toString('base64');
  const file = (side) => workspace.file(`classic-${connections}-${side}.db`);
  const receiver = await startChild('receivers/classic.js', { file: file('inbox'), secret });
  const port = receiver.started;
  const sender = await startChild('baselines/classic.js', { file: file('sender'), secret, port, connections });
  return race(sender, receiver);
}

/** Goal 2, with the receiver module. SQLite with `synchronous=FULL` on both sides of both ways. */
export async function inbox(setting) {
  const ways = { ours: await signpost(setting) };
  for (const connections of CONNECTIONS) ways[`classic ${connections}`] = await classic(setting, connections);
  for (const { run } of Object.values(ways)) await run(WARM_UP);
  const { inboxEvents, rounds } = setting.options;
  const contenders = Object.entries(ways).map(([name, { pid, run }]) => [name, { pid, run: () => run(inboxEvents) }]);
  const results = await interleave(Object.fromEntries(contenders), rounds);
  for (const { stop } of Object.values(ways)) await stop();
  return CONNECTIONS.map((connections) => ({
    goal: '2',
    work: 'publish until in the inbox, 1 KB, 1 endpoint',
    unit: 'events',
    against: `classic way, ${connections} connections`,
    ours: results.ours,
    baseline: results[`classic ${connections}`],
    target: 5,
  }));
}
