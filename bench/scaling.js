// A calculation, not a measurement: what installations of several sizes need, from what one event, signal and read were measured to cost.
// node bench/scaling.js [costs.json]; the costs come from: npm run bench -- --only costs --costs bench/costs.json
import { readFileSync } from 'node:fs';

/** What is supposed of the use; change it to your own. */
const USE = {
  /** Events that an endpoint gets in a day, on average. */
  eventsPerEndpointAndDay: 100,
  /** Endpoints that an event goes to. */
  endpointsPerEvent: 2,
  /** The busiest minute against the average one. */
  peak: 10,
  /** Events that a receiver reads with one request of the feed. */
  eventsPerRead: 1,
  retentionDays: 30,
};
/** What is supposed of the machines. */
const MACHINE = {
  /** Share of a core that may be in use at the peak. */
  busy: 0.6,
  /** Cores of one database server. */
  serverCores: 16,
  /** Write-ahead log that one server takes durably, in MB a second. */
  walMegabytes: 200,
};
/** Connections of a node to PostgreSQL: the engine's pool, the one that listens, and TypeORM's own pool. */
const CONNECTIONS_OF_A_NODE = 4 + 1 + 10;
const DAY_SECONDS = 86_400;
const SIZES = [1_000, 100_000, 10_000_000];

const file = process.argv[2] ?? new URL('costs.json', import.meta.url);
const costs = JSON.parse(readFileSync(file, 'utf8'));

function needs(endpoints) {
  const signalsPerDay = endpoints * USE.eventsPerEndpointAndDay;
  const eventsPerDay = signalsPerDay / USE.endpointsPerEvent;
  const perSecond = (perDay) => (perDay / DAY_SECONDS) * USE.peak;
  const [events, signals] = [perSecond(eventsPerDay), perSecond(signalsPerDay)];
  const reads = signals / USE.eventsPerRead;
  // The worst case: no signal lists more than one event, and each is followed by a read.
  const sum = (key) =>
    events * costs.event[key] +
    signals * (costs.signal[key] + costs.feedEvent[key]) +
    reads * Math.max(0, costs.feedRequest[key] - costs.feedEvent[key]);
  const nodeCores = sum('nodeMicros') / 1e6 / MACHINE.busy;
  const serverCores = sum('serverMicros') / 1e6 / MACHINE.busy;
  const walMegabytes = sum('walBytes') / 1e6;
  const nodes = Math.max(2, Math.ceil(nodeCores));
  const perDay =
    eventsPerDay * costs.event.diskBytes +
    signalsPerDay * (costs.signal.diskBytes + costs.feedRequest.diskBytes / USE.eventsPerRead);
  const disk = perDay * USE.retentionDays + endpoints * costs.endpoint.diskBytes;
  const servers = Math.ceil(Math.max(serverCores / MACHINE.serverCores, walMegabytes / MACHINE.walMegabytes));
  return [
    endpoints.toLocaleString('en'),
    figure(events),
    figure(signals),
    figure(nodeCores),
    figure(serverCores),
    figure(walMegabytes),
    figure(disk / 1e9),
    figure((endpoints * costs.endpoint.positionBytes) / 1e6),
    String(nodes),
    String(servers),
    figure((nodes * CONNECTIONS_OF_A_NODE) / servers),
  ];
}

function figure(value) {
  return Number(value.toPrecision(2)).toLocaleString('en', { maximumSignificantDigits: 2 });
}

const HEADINGS = [
  'endpoints',
  'events/s at the peak',
  'signals/s',
  'node cores',
  'server cores',
  'WAL MB/s',
  'disk GB',
  'position rows MB',
  'nodes',
  'servers',
  'connections of a server',
];
const line = (cells) => `| ${cells.join(' | ')} |`;
process.stdout.write(`Costs: ${costs.measured}.\n\n`);
process.stdout.write(
  [line(HEADINGS), line(HEADINGS.map(() => '---')), ...SIZES.map((size) => line(needs(size)))].join('\n'),
);
process.stdout.write('\n');
