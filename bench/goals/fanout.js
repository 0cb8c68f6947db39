import { interleave } from '../interleave.js';
import { startChild } from '../processes.js';
import { startService } from '../service.js';
import { watchAttempts } from '../signalled.js';

const EVENT = { type: 'invoice.paid', tenant: 'bench', data: { amount: 1_250 } };
/** Endpoints created at once. */
const CREATING = 20;

async function createEndpoints(service, ports) {
  const receiver = await service.admin('POST', '/receivers', { tenant: 'bench', name: 'fan-out' });
  const waiting = [...ports];
  const worker = async () => {
    for (let port = waiting.pop(); port !== undefined; port = waiting.pop()) {
      const endpoint = { url: `http://127.0.0.1:${port}/`, eventTypes: ['invoice.*'] };
      await service.admin('POST', `/receivers/${receiver.id}/endpoints`, endpoint);
    }
  };
  await Promise.all(Array.from({ length: CREATING }, worker));
}

/**
 * Goal 1. Ours: events one after the other, each from the POST that publishes it until the outcome of the last of its
 * signals is on disk. The floor: as many signed POSTs to the same origins.
 */
export async function fanout({ workspace, options }) {
  const { endpoints, fanoutEvents, rounds, profile } = options;
  const database = workspace.file('fanout.db');
  const sink = await startChild('receivers/sink.js', { origins: endpoints });
  const floor = await startChild('baselines/floor.js', { ports: sink.started });
  const service = await startService({ database, log: workspace.file('fanout.log'), profile });
  await createEndpoints(service, sink.started);
  const attempts = watchAttempts(database);

  const events = async (count) => {
    const before = attempts.now();
    const begin = performance.now();
    for (let event = 1; event <= count; event++) {
      await service.admin('POST', '/events', EVENT);
      await attempts.settled(before + event * endpoints);
    }
    const ms = performance.now() - begin;
    if (attempts.unexpected(before) > 0) throw new Error('Some signals failed or were coalesced');
    return { count: count * endpoints, ms };
  };
  const posts = (rounds) => floor.call('run', { rounds });
  // Undici closes a connection that was idle for 4 s, so each turn begins with a round that does not count.
  const contender = (pid, run) => ({ pid, prepare: () => run(1), run: () => run(fanoutEvents) });
  const contenders = { ours: contender(service.pid, events), floor: contender(floor.pid, posts) };
  const results = await interleave(contenders, rounds);
  attempts.close();
  await Promise.all([service.stop(), floor.stop(), sink.stop()]);
  return [
    {
      goal: '1',
      work: `1 event to ${endpoints.toLocaleString('en')} endpoints`,
      unit: 'signals',
      against: 'floor: signed POSTs, no database',
      ours: results.ours,
      baseline: results.floor,
      target: 0.6,
    },
  ];
}
