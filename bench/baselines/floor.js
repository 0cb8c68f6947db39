import { Pool } from 'undici';
import { serveCommands } from '../processes.js';
import { newKey, signedHeaders } from '../signed-post.js';

/** In flight over all origins, as performance.md defines the floor. */
const IN_FLIGHT = 64;
const BODY_BYTES = 250;

let targets = [];

async function post({ pool, key }, id) {
  const body = `{"data":"${'x'.repeat(BODY_BYTES - 11)}"}`;
  const answer = await pool.request({ method: 'POST', path: '/', headers: signedHeaders(key, id, body), body });
  await answer.body.dump();
  if (answer.statusCode !== 202) throw new Error(`The receiver answered ${answer.statusCode}`);
}

/** The floor: signed POSTs, one to each origin in turn, and nothing else: no database, no claims, no outcomes. */
async function run({ rounds }) {
  const total = rounds * targets.length;
  const begin = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const at = next++;
      await post(targets[at % targets.length], `msg_${at}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return { count: total, ms: performance.now() - begin };
}

serveCommands({
  start: ({ ports }) => {
    targets = ports.map((port) => ({ pool: new Pool(`http://127.0.0.1:${port}`, { connections: 1 }), key: newKey() }));
  },
  run,
});
