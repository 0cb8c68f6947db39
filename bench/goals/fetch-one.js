import Database from 'better-sqlite3';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';
import { pickIds } from '../sample-log.js';

const CONNECTIONS = 64;
/** Different events asked for: of a log of a million, more than any cache of a sensible size holds. */
const SPREAD = 200_000;
/** Events that many receivers ask for. */
const POPULAR = 16;

/** All servers must do the same work before it is worth timing: the same event, and none without a key. */
async function checkAlike(servers, path, authorization) {
  const answers = [];
  for (const { port } of servers) {
    const url = `http://127.0.0.1:${port}${path}`;
    const denied = await request(url, { headers: { authorization: `${authorization}x` } });
    await denied.body.dump();
    if (denied.statusCode !== 401) throw new Error(`${url} answered ${denied.statusCode} to a bad key`);
    const { body } = await request(url, { headers: { authorization } });
    const { cursor, ...event } = await body.json();
    if (cursor === undefined) throw new Error(`${url} gave no cursor`);
    answers.push(JSON.stringify(event, Object.keys(event).sort()) + JSON.stringify(event.data));
  }
  if (new Set(answers).size > 1) throw new Error(`The servers answer differently:\n${answers.join('\n')}`);
}

/** Each read must have left its audit row, or the comparison is with a service that does less. */
async function checkAudited(file, expected) {
  const db = new Database(file, { readonly: true });
  const count = db.prepare('SELECT count(*) FROM signpost_access').pluck();
  for (let tries = 0; count.get() < expected && tries < 100; tries++) await pause(50);
  const found = count.get();
  db.close();
  if (found < expected) throw new Error(`${expected} reads left ${found} audit rows`);
}

/** Goal 7: one event by its id, cold and popular. */
export async function fetchOne({ log, options }) {
  await log.open();
  const { file, service } = log;
  const raw = await startChild('baselines/raw-fetch.js', { file });
  const nest = await startChild('baselines/nest-typeorm.js', { file });
  const servers = {
    ours: { pid: service.pid, port: service.port },
    raw: { pid: raw.pid, port: raw.started },
    nest: { pid: nest.pid, port: nest.started },
  };
  const paths = (count) => pickIds(file, count).map((id) => `/v1/events/${id}`);
  await checkAlike(Object.values(servers), paths(1)[0], log.authorization);

  let reads = 0;
  const contender = (server) => log.contender(server, CONNECTIONS);
  const ours = contender(servers.ours);
  const counted = {
    ...ours,
    run: async () => {
      const result = await ours.run();
      reads += result.count;
      return result;
    },
  };
  const measure = async (rivals, rounds) =>
    interleave(
      { ours: counted, ...Object.fromEntries(rivals.map((name) => [name, contender(servers[name])])) },
      rounds,
    );

  await log.ask(paths(Math.min(SPREAD, options.logSize)));
  await measure(['raw', 'nest'], 1);
  const spread = await measure(['raw', 'nest'], options.rounds);
  await log.ask(paths(POPULAR));
  const popular = await measure(['raw'], options.rounds);
  await checkAudited(file, reads);
  await Promise.all([raw.stop(), nest.stop()]);

  const common = { goal: '7', unit: 'requests' };
  const one = `GET one of ${options.logSize.toLocaleString('en')} events`;
  const byHand = 'node:http, key check, prepared read';
  return [
    { ...common, work: one, against: byHand, ours: spread.ours, baseline: spread.raw, target: 0.9 },
    { ...common, work: 'GET a popular event', against: byHand, ours: popular.ours, baseline: popular.raw, target: 1.3 },
    { ...common, work: one, against: 'Nest, Express, findOne', ours: spread.ours, baseline: spread.nest, target: 4 },
  ];
}
