import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for everything that the demo writes, and the way to get rid of it. */
export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'signpost-demo-'));
  return { file: (name) => join(path, name), remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** A port that nobody listens on now; the programs must come back under the same one after they were killed. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
