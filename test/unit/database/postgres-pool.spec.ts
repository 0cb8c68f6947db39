import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from '../../../src/database/errors.js';
import { PostgresPool } from '../../../src/database/postgres-pool.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';

/** A message of the server's side: a type, its length, its content (PostgreSQL, "Message Formats"). */
function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const GOODBYE = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

describe('a connection that is ended in the moment in which it is made', () => {
  let postgres: TestPostgres;
  let server: Server;
  let dataSource: DataSource;

  beforeEach(async () => {
    postgres = await startPostgres();
    // Both in one packet, as they come when this process was busy.
    server = createServer((socket) => socket.once('data', () => socket.end(Buffer.concat([WELCOME, GOODBYE]))));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    dataSource = await new DataSource({ type: 'postgres', url: postgres.url }).initialize();
  });

  afterEach(async () => {
    await dataSource.destroy();
    server.close();
    await postgres.stop();
  });

  /** From now on, new connections lead to the server that ends them. */
  const redirect = (pool: object) => {
    const { options } = pool as { options: { connectionString?: string; port?: number } };
    options.connectionString = `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`;
  };

  it.each([
    ["the engine's", (pool: PostgresPool) => pool.use((client) => client.query('SELECT 1'))],
    // One connection is there already; the second statement needs a new one.
    ["the application's", () => Promise.all([1, 2].map((n) => dataSource.query(`SELECT ${n}`)))],
  ])('is an error of whoever wanted it, and does not end the process: %s', async (_, ask) => {
    const pool = new PostgresPool(dataSource, { size: 1, name: 'test' });
    redirect((pool as unknown as { pool: object }).pool);
    redirect((dataSource.driver as unknown as { master: object }).master);
    const refused = await ask(pool).catch((error: unknown) => error);
    expect(isDatabaseUnavailable(refused)).toBe(true);
    await pool.close();
  });
});
