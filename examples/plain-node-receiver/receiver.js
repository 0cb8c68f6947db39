/**
 * A receiver in plain Node.js, without dependencies, written from docs/protocol.md alone: a signal is verified, answered at
 * once, and only wakes the drain; the drain reads the feed from the cursor that this program has stored itself.
 *
 *   SIGNPOST_URL=http://127.0.0.1:3000 SIGNPOST_API_KEY=sp_… SIGNPOST_SIGNING_SECRET=whsec_… node receiver.js
 */
import { createServer } from 'node:http';
import { Feed } from './feed.js';
import { Journal } from './journal.js';
import { verifiedSignalId } from './verify.js';

const { SIGNPOST_URL = 'http://127.0.0.1:3000', SIGNPOST_API_KEY, SIGNPOST_SIGNING_SECRET } = process.env;
const { HOST = '127.0.0.1', PORT = '4000', JOURNAL = './received.ndjson', DRAIN_EVERY_MS = '60000' } = process.env;

/** 250 ids with their types are about 45 KB. */
const LARGEST_SIGNAL = 256 * 1024;

if (!SIGNPOST_API_KEY || !SIGNPOST_SIGNING_SECRET) {
  console.error('Set SIGNPOST_API_KEY (sp_…) and SIGNPOST_SIGNING_SECRET (whsec_…)');
  process.exit(1);
}

const log = (what, details = {}) => console.log(JSON.stringify({ what, ...details }));
const journal = await Journal.open(JOURNAL);
const feed = new Feed({ url: SIGNPOST_URL, apiKey: SIGNPOST_API_KEY, journal, log });

const server = createServer((request, response) => {
  // A sender that hangs up in the middle of its body is no reason to stop.
  receive(request, response).catch(() => response.destroy());
});

async function receive(request, response) {
  if (request.method !== 'POST' || request.url !== '/signals') return response.writeHead(404).end();
  const body = await rawBody(request);
  if (!body) return response.writeHead(413, { connection: 'close' }).end();

  const id = verifiedSignalId(body, request, SIGNPOST_SIGNING_SECRET);
  if (!id) {
    log('refused', { from: request.socket.remoteAddress });
    return response.writeHead(401).end();
  }
  const { type, data } = JSON.parse(body.toString());
  // Behind the signature: nothing is repeated to a stranger.
  if (type === 'endpoint.verification') {
    const challenge = JSON.stringify({ challenge: data.challenge });
    return response.writeHead(200, { 'content-type': 'application/json' }).end(challenge);
  }
  // Answered before anything is fetched: the producer waits for this and for nothing else.
  response.writeHead(202).end();
  log('signal', { id, type, events: data.events?.length ?? 0, more: data.more ?? false });
  feed.wake();
}

/** The bytes as they came, or undefined if they are too many. */
async function rawBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_SIGNAL) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

server.listen(Number(PORT), HOST, () => {
  log('listening', { port: server.address().port, stored: journal.size, cursor: journal.cursor ?? null });
  // Signals that came while we were away are of no concern: the feed has it all.
  feed.wake();
});
// Should every signal get lost on the way, this is how late we are at most.
setInterval(() => feed.wake(), Number(DRAIN_EVERY_MS));
