import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { endpointsFor, oneByOne } from '../endpoints.js';
import { migrate } from '../filled-log.js';
import { cpuSeconds, startChild } from '../processes.js';
import { machine } from '../report.js';
import { startService } from '../service.js';
import { watchAttempts } from '../signalled.js';

const PUBLISHERS = 8;
const PAGE = 1_000;
const PAGES = 20;
const SINGLE_READS = 500;
const LOOK_EVERY_MS = 3;

/** What `count` units of `work` cost one process, the PostgreSQL server, and its disk. */
async function costOf({ databases, database, pid, tables }, count, work) {
  const usage = async () => {
    const [{ wal, bytes }] = await database.rows(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal, ${sizeOf(tables)} AS bytes`,
    );
    return { node: cpuSeconds(pid), server: await databases.serverCpuSeconds(), wal, bytes };
  };
  const before = await usage();
  await work();
  const after = await usage();
  const each = (key, unit) => round(((after[key] - before[key]) / count) * unit);
  return {
    nodeMicros: each('node', 1e6),
    serverMicros: each('server', 1e6),
    walBytes: each('wal', 1),
    diskBytes: each('bytes', 1),
  };
}

const sizeOf = (tables) => tables.map((name) => `pg_total_relation_size('signpost_${name}')`).join(' + ');
const round = (value) => Math.round(value * 10) / 10;

async function costOfEvent({ databases, options }) {
  const database = await databases.postgres('costs-event');
  await migrate(database);
  const host = await startChild('producer-host.js', { dataSource: database.dataSource });
  const published = async (count) => {
    await host.call('inTransactions', { count, publishers: PUBLISHERS });
    for (let head = 0; head < count; await pause(LOOK_EVERY_MS)) {
      const [row] = await database.rows('SELECT count(*) AS value FROM signpost_outbox');
      head = row.value === 0 ? count : 0;
    }
  };
  await published(PAGE);
  const tables = ['event', 'log'];
  const count = options.publishedEvents;
  const cost = await costOf({ databases, database, pid: host.pid, tables }, count, () => published(count));
  await host.stop();
  return cost;
}

async function costsOfReading({ databases, database, service, receiver }) {
  const { apiKey } = await service.admin('POST', `/receivers/${receiver.id}/credentials`, { name: 'bench' });
  const read = async (limit) => {
    const headers = { authorization: `Bearer ${apiKey}` };
    const answer = await request(`${service.url}/v1/events?limit=${limit}`, { headers });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`The feed answered ${answer.statusCode} ${text}`);
    return JSON.parse(text).events.length;
  };
  const times = async (count, limit) => {
    for (let done = 0; done < count; done++) {
      if ((await read(limit)) !== limit) throw new Error('The log is shorter than a page');
    }
  };
  await times(PAGES, 1);
  const where = { databases, database, pid: service.pid, tables: ['access'] };
  const single = await costOf(where, SINGLE_READS, () => times(SINGLE_READS, 1));
  const paged = await costOf(where, PAGES * PAGE, () => times(PAGES, PAGE));
  return { feedRequest: single, feedEvent: paged };
}

/**
 * What an event, a signal, a read and an endpoint cost on PostgreSQL: CPU of the node and of all processes of the server, bytes of
 * write-ahead log and of tables with their indexes. The inputs of bench/scaling.js.
 */
export async function costs({ workspace, databases, options }) {
  const event = await costOfEvent({ databases, options });
  const sink = await startChild('receivers/sink.js', { origins: options.endpoints });
  const database = await databases.postgres('costs-signal');
  const service = await startService({ database: database.url, log: workspace.file('costs.log') });
  const where = { databases, database, pid: service.pid };
  const configuration = ['receiver', 'endpoint', 'endpoint_filter', 'endpoint_secret', 'endpoint_position'];
  let receiver;
  const endpoint = await costOf({ ...where, tables: configuration }, options.endpoints, async () => {
    receiver = await endpointsFor(service, sink.started);
  });
  const events = oneByOne({ service, attempts: watchAttempts(database), endpoints: options.endpoints });
  await events(1);
  const signals = options.fanoutEvents * options.endpoints;
  const signal = await costOf({ ...where, tables: ['signal'] }, signals, () => events(options.fanoutEvents));
  const [{ value: positionBytes }] = await database.rows(
    `SELECT pg_total_relation_size('signpost_endpoint_position') AS value`,
  );
  for (let published = 0; published < PAGE; published += 100) {
    const batch = Array.from({ length: 100 }, () => ({ ...TYPE_OF_NOBODY, data: { text: 'x'.repeat(1_000) } }));
    await service.admin('POST', '/events/batch', { events: batch });
  }
  const reading = await costsOfReading({ databases, database, service, receiver });
  await Promise.all([service.stop(), sink.stop()]);
  const measured = {
    measured: `${machine()}${options.quick ? ', quick run' : ''}`,
    event,
    signal,
    ...reading,
    endpoint: { ...endpoint, positionBytes: round(positionBytes / options.endpoints) },
  };
  const text = JSON.stringify(measured, null, 2);
  if (options.costs) writeFileSync(options.costs, `${text}\n`);
  process.stdout.write(`\n${text}\n`);
  return [];
}

const TYPE_OF_NOBODY = { type: 'bench.unheard', tenant: 'bench' };
