import { Pool } from 'undici';
import { spread } from '../interleave.js';
import { startChild } from '../processes.js';

const RATE = 100;
const MICROS = 1_000;

/** Calls `work` at an even rate, whether the one before is done or not, and resolves with all results. */
async function paced(count, work) {
  const begin = performance.now();
  const results = [];
  for (let number = 0; number < count; number++) {
    const pause = begin + (number * 1_000) / RATE - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    results.push(work(number));
  }
  return Promise.all(results);
}

function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

async function postAndGet(pool) {
  const begin = process.hrtime.bigint();
  const headers = { 'content-type': 'application/json' };
  const posted = await pool.request({ method: 'POST', path: '/', headers, body: '{"signal":true}' });
  await posted.body.dump();
  const got = await pool.request({ method: 'GET', path: '/' });
  await got.body.text();
  return Number(process.hrtime.bigint() - begin) / MICROS;
}

/** From commit to handler, event by event; the clock of `process.hrtime` is one for both processes. */
async function commitToHandler(producer, receiver, count, offset) {
  const committed = new Map(await producer.call('paced', { count, rate: RATE, offset }));
  const called = await receiver.call('called', count);
  return called.map(([number, at]) => (at - committed.get(number)) / MICROS);
}

/** Goal 9: 100 events a second on an idle machine, SQLite on both sides, the receiver module with its handler's transaction. */
export async function latency({ workspace, options }) {
  const file = (name) => workspace.file(`latency-${name}.db`);
  const receiver = await startChild('receivers/module.js', { file: file('inbox'), handling: true });
  const url = `http://127.0.0.1:${receiver.started}/signals`;
  const dataSource = { type: 'better-sqlite3', database: file('producer') };
  const producer = await startChild('producer-host.js', { dataSource, url });
  await receiver.call('connect', producer.started);
  const answering = await startChild('receivers/answering.js');
  const pool = new Pool(`http://127.0.0.1:${answering.started}`, { connections: 8 });
  const count = options.latencyEvents;
  let offset = 0;
  const ours = () => commitToHandler(producer, receiver, count, (offset += count));
  const floor = () => paced(count, () => postAndGet(pool));
  await ours();
  await floor();
  const samples = { ours: [], floor: [] };
  for (let round = 0; round < options.rounds; round++) {
    samples.ours.push(await ours());
    samples.floor.push(await floor());
    process.stderr.write('.');
  }
  await pool.close();
  for (const child of [producer, receiver, answering]) await child.stop();
  return [
    [0.5, 5],
    [0.99, 10],
  ].map(([share, target]) => ({
    goal: '9',
    work: `commit to handler, ${RATE} events/s, p${share * 100}`,
    unit: 'µs',
    against: 'one loopback POST and one GET',
    lessIsBetter: true,
    ours: spread(samples.ours.map((turn) => percentile(turn, share))),
    baseline: spread(samples.floor.map((turn) => percentile(turn, share))),
    target,
  }));
}
