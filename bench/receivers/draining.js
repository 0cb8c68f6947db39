import { createSecretKey } from 'node:crypto';
import { Pool } from 'undici';
import { serveCommands } from '../processes.js';
import { Inbox } from './inbox.js';
import { listenForSigned } from './signed-body.js';

const PAGE = 1_000;

let inbox;
let key;
let producer;
let cursor;
let signalled = false;
let draining = false;

async function page() {
  const path = `/v1/events?limit=${PAGE}${cursor === undefined ? '' : `&after=${encodeURIComponent(cursor)}`}`;
  const answer = await producer.pool.request({ method: 'GET', path, headers: producer.headers });
  if (answer.statusCode !== 200) throw new Error(`The feed answered ${answer.statusCode}: ${await answer.body.text()}`);
  return answer.body.json();
}

/** Pages through the feed until it is empty; a signal that comes meanwhile makes it look once more. */
async function drain() {
  if (draining) return;
  draining = true;
  while (signalled) {
    signalled = false;
    for (let more = true; more;) {
      const next = await page();
      if (next.events.length > 0) await inbox.store(next.events, next.cursor);
      cursor = next.cursor;
      more = next.more;
    }
  }
  draining = false;
}

serveCommands({
  start: ({ file }) => {
    inbox = new Inbox(file);
    return listenForSigned(
      () => key,
      () => {
        signalled = true;
        void drain();
        return 202;
      },
    );
  },
  connect: ({ url, apiKey, secret }) => {
    key = createSecretKey(Buffer.from(secret.replace('whsec_', ''), 'base64'));
    producer = { pool: new Pool(url, { connections: 1 }), headers: { authorization: `Bearer ${apiKey}` } };
  },
  reaches: (total) => inbox.reaches(total),
});
