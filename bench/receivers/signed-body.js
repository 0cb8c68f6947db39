import { createServer } from 'node:http';
import { verifies } from '../signed-post.js';

/**
 * A receiver's HTTP side, in plain `node:http`: reads the raw body, verifies its signature, then lets `accept` answer.
 * @param {() => import('node:crypto').KeyObject} key
 * @param {(body: Buffer) => Promise<number> | number} accept answers with the status
 * @returns {Promise<number>} the port
 */
export async function listenForSigned(key, accept) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      const status = verifies(key(), request.headers, body) ? await accept(body) : 401;
      response.writeHead(status, { 'content-length': 0 }).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}
