import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query } from '../../scripts/embedded-postgres.js';
import { until } from './until.js';

/** PgBouncer, if it is installed. */
export const PGBOUNCER_PATH = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path));

/** Where it is promised (`.ci/run`), its absence is a failure; elsewhere its tests are left out, and say so. */
export const PGBOUNCER_REQUIRED = process.env['SIGNPOST_REQUIRE_PGBOUNCER'] === '1';

/** In front of a database, in transaction mode: a client has another server connection for each transaction. */
export async function startPgBouncer(database: string): Promise<{ url: string; stop(): Promise<void> }> {
  if (PGBOUNCER_PATH === undefined) throw new Error('PgBouncer is not installed');
  const target = new URL(database);
  const directory = await mkdtemp(join(tmpdir(), 'signpost-pgbouncer-'));
  const port = await freePort();
  const users = join(directory, 'users.txt');
  const config = join(directory, 'pgbouncer.ini');
  await writeFile(users, `"${target.username}" ""\n`);
  await writeFile(
    config,
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 5
max_client_conn = 100
`,
  );
  // It refuses to run as root: then as a user that every system has.
  const asRoot = process.getuid?.() === 0;
  if (asRoot) spawnSync('chown', ['-R', 'nobody', directory]);
  const child = spawn(PGBOUNCER_PATH, [...(asRoot ? ['-u', 'nobody'] : []), config], { stdio: 'ignore' });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const url = new URL(database);
  url.port = String(port);
  const stop = async () => {
    child.kill('SIGTERM');
    await exit;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await until(
      () =>
        query(url.href, 'SELECT 1').then(
          () => true,
          () => false,
        ),
      'PgBouncer',
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: url.href, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
