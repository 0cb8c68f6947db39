import Database from 'better-sqlite3';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';
import { oldestIds, spreadIds } from '../sample-log.js';

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

/** Starts what the service is compared with. */
async function startRivals(file) {
  const raw = await startChild('baselines/raw-fetch.js', { file });
  const nest = await startChild('baselines/nest-typeorm.js', { file });
  return {
    servers: { raw: { pid: raw.pid, port: raw.started }, nest: { pid: nest.pid, port: nest.started } },
    stop: () => Promise.all([raw.stop(), nest.stop()]),
  };
}

/** Goal 7: one event by its id; for a receiver that has caught up, and for one whose marks move with each read. */
export async function fetchOne({ log, options }) {
  const { file, service } = await log.open();
  const rivals = await startRivals(file);
  const servers = { ours: { pid: service.pid, port: service.port }, ...rivals.servers };
  const caughtUp = await log.receiver({ caughtUp: true });
  const behind = await log.receiver({ caughtUp: false });
  let reads = 0;
  const measure = async (names, authorization, rounds) => {
    const contenders = names.map((name) => {
      const { pid, run } = log.contender(servers[name], CONNECTIONS, authorization);
      const counted = async () => {
        const result = await run();
        if (name === 'ours') reads += result.count;
        return result;
      };
      return [name, { pid, run: counted }];
    });
    return interleave(Object.fromEntries(contenders), rounds);
  };

  const spreadPaths = paths(spreadIds(file, SPREAD));
  await checkAlike(Object.values(servers), spreadPaths[0], caughtUp);
  await log.ask(spreadPaths);
  await measure(['ours', 'raw', 'nest'], caughtUp, 1);
  const spread = await measure(['ours', 'raw', 'nest'], caughtUp, options.rounds);
  await log.ask(spreadPaths.slice(0, POPULAR));
  const popular = await measure(['ours', 'raw'], caughtUp, options.rounds);
  await log.ask(paths(oldestIds(file, options.logSize)), { inOrder: true });
  const backlog = await measure(['ours', 'raw'], behind, options.rounds);
  await checkAudited(file, reads);
  await rivals.stop();

  const compare = (work, against, { ours, ...rest }, baseline, target) => {
    return { goal: '7', work, unit: 'requests', against, ours, baseline: rest[baseline], target };
  };
  const one = `GET one of ${options.logSize.toLocaleString('en')} events`;
  const byHand = 'node:http, key check, prepared read';
  return [
    compare(one, byHand, spread, 'raw', 0.9),
    compare('GET a popular event', byHand, popular, 'raw', 1.3),
    compare(one, 'Nest, Express, findOne', spread, 'nest', 4),
    compare('GET each event in order, marks moving', byHand, backlog, 'raw', 0.9),
  ];
}

const paths = (ids) => ids.map((id) => `/v1/events/${id}`);
