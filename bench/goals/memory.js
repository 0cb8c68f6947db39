import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fillDatabase, migrate } from '../filled-log.js';
import { spread } from '../interleave.js';
import { startChild } from '../processes.js';

const FEW_EVENTS = 1_000;
const LOOK_EVERY_MS = 100;
/** Of the dead endpoint, in ms: in a turn it is tried dozens of times. */
const RETRY_MS = 50;
/** Published while the endpoint is dead, in batches of 100. */
const PUBLISHED = 2_000;

/** Leaves an endpoint behind for which the whole log waits, at a port where nobody listens. */
async function prepare(database, events) {
  const sink = await startChild('receivers/sink.js', { origins: 1 });
  const url = `http://127.0.0.1:${sink.started[0]}/`;
  await sink.stop();
  await migrate(database);
  const host = await startChild('producer-host.js', { dataSource: database.dataSource, url, dispatch: false });
  await host.call('close');
  await host.stop();
  await fillDatabase(database, events);
  await database.rows(`UPDATE signpost_endpoint_position SET head = ${events}, due_at = 1`);
}

/** Megabytes that are resident at most, while a new producer signals in vain and publishes. */
async function resident({ dataSource }, seconds) {
  const dispatch = { retrySchedule: [RETRY_MS] };
  const host = await startChild('producer-host.js', { dataSource, dispatch });
  const published = host.call('publish', PUBLISHED);
  let most = 0;
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await pause(LOOK_EVERY_MS)) {
    most = Math.max(most, residentBytes(host.pid));
  }
  await published;
  await host.call('close');
  await host.stop();
  return most / 1024 ** 2;
}

function residentBytes(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(kilobytes) * 1024;
}

/** The dead endpoint was tried, and its backlog is still there; otherwise there was nothing to measure. */
async function checkTried({ rows }) {
  const [{ tries, place }] =
    await rows(`SELECT (SELECT count(*) FROM signpost_signal WHERE outcome <> 'acknowledged') AS tries,
    (SELECT min(signalled_through) FROM signpost_endpoint_position) AS place`);
  if (tries < 10 || place > 0) throw new Error(`The dead endpoint was tried ${tries} times and stands at ${place}`);
}

/** Goal 11. Each turn is a process of its own, since memory is a matter of a process's life. */
export async function memory({ databases, options }) {
  const { largeLog, rounds, memorySeconds } = options;
  const comparisons = [];
  for (const kind of ['sqlite', 'postgres']) {
    const [few, many] = [await databases[kind]('memory-few'), await databases[kind]('memory-many')];
    await prepare(few, FEW_EVENTS);
    await prepare(many, largeLog);
    const samples = new Map([few, many].map((database) => [database, []]));
    for (let round = 0; round < rounds; round++) {
      for (const database of round % 2 === 0 ? [few, many] : [many, few]) {
        samples.get(database).push(await resident(database, memorySeconds));
        process.stderr.write('.');
      }
    }
    for (const database of [few, many]) await checkTried(database);
    comparisons.push({
      goal: '11',
      work: `resident with ${largeLog.toLocaleString('en')} events waiting for a dead endpoint, ${few.kind}`,
      unit: 'MB',
      against: `with ${FEW_EVENTS.toLocaleString('en')}`,
      lessIsBetter: true,
      ours: spread(samples.get(many)),
      baseline: spread(samples.get(few)),
      target: 1.2,
    });
  }
  return comparisons;
}
