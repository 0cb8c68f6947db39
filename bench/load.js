import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { median } from './interleave.js';
import { serveCommands } from './processes.js';
import { MessageSplitter } from './wire.js';

let paths = [];
/** Where each server's next turn goes on, by port; only for paths that are asked for in their order. */
const places = new Map();
let inOrder = false;

/**
 * The load generator's process: `connections` sockets, each with one request in flight, for `seconds`.
 * @param {{ port: number, connections: number, seconds: number, authorization: string }} settings
 * @returns {Promise<{ count: number, ms: number, p50: number, cpuSeconds: number }>} latency in ms; rejects if any answer is not 200
 */
async function run({ port, connections, seconds, authorization }) {
  const rest = ` HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: ${authorization}\r\naccept: application/json\r\n\r\n`;
  const latencies = [];
  const faults = new Map();
  const cpuBefore = process.cpuUsage();
  // From a random place, no turn finds in a cache what the turn before it left there.
  let next = inOrder ? (places.get(port) ?? 0) : Math.floor(Math.random() * paths.length);
  const begin = performance.now();
  const end = begin + seconds * 1_000;

  const client = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let sentAt = 0;
      const send = () => {
        sentAt = performance.now();
        socket.write(`GET ${paths[next++ % paths.length]}${rest}`, 'latin1');
      };
      const splitter = new MessageSplitter((statusLine) => {
        const now = performance.now();
        if (statusLine.slice(9, 12) !== '200') faults.set(statusLine, (faults.get(statusLine) ?? 0) + 1);
        if (now <= end) latencies.push(now - sentAt);
        if (now < end) return send();
        socket.end();
        resolve();
      });
      socket.on('connect', send);
      socket.on('data', (chunk) => splitter.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed the connection')));
    });

  await Promise.all(Array.from({ length: connections }, client));
  places.set(port, next);
  if (faults.size > 0) throw new Error(`Not every answer was 200: ${JSON.stringify([...faults])}`);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { count: latencies.length, ms: seconds * 1_000, p50: median(latencies), cpuSeconds: (user + system) / 1e6 };
}

serveCommands({
  start: () => undefined,
  /** Paths to ask for, from a JSON file: each server in their order, or from a random place on. */
  paths: (given) => {
    paths = JSON.parse(readFileSync(given.file, 'utf8'));
    inOrder = given.inOrder;
    places.clear();
  },
  run,
});
