import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { track } from './processes.js';

const START_MS = 60_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts `dist/main.js` as an operator would. What the benchmarks use of it is the contract only.
 * @param {{ database: string, log: string, profile?: string }} settings `database`: as `DATABASE_URL` takes it; `log`: file for its output
 */
export async function startService({ database, log, profile }) {
  const port = await freePort();
  const adminKey = randomBytes(24).toString('base64url');
  const output = openSync(log, 'a');
  const child = track(
    spawn(
      process.execPath,
      [
        ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []),
        fileURLToPath(new URL('../dist/main.js', import.meta.url)),
      ],
      {
        stdio: ['ignore', output, output],
        env: {
          PATH: process.env.PATH,
          NODE_ENV: 'production',
          PORT: String(port),
          DATABASE_URL: database,
          SIGNPOST_ADMIN_KEY: adminKey,
          // The same each time: a file may be opened by several services in turn.
          SIGNPOST_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
          SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8',
          // Goal 1 only signals; reminders would be sent in the middle of a turn.
          SIGNPOST_CONFIRM_SCHEDULE: '1d',
          // Counted as ever, but never reached: one credential asks for all of goals 7 and 8.
          SIGNPOST_RATE_LIMIT: '100000000/10s',
        },
      },
    ),
  );
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child, log);

  const admin = async (method, path, body) => {
    const answer = await request(`${url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  return { url, port, pid: child.pid, admin, stop };
}

async function ready(url, child, log) {
  for (const end = Date.now() + START_MS; Date.now() < end; await pause(50)) {
    if (child.exitCode !== null) break;
    const answer = await request(`${url}/health/ready`).catch(() => undefined);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return;
  }
  throw new Error(`The service did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
}
