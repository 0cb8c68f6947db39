import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresEngine } from '../../src/database/postgres-engine.js';
import { SilentProxy } from '../chaos/postgres/support/silent-proxy.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

/** Without asking after them, statements on a dead connection would be given up after 15 s. */
const WITHIN_MS = 10_000;

describe('a network that goes silent under the engine’s connections', () => {
  let server: TestPostgres;
  let proxy: SilentProxy;
  let dataSource: DataSource;
  let engine: PostgresEngine;

  beforeAll(async () => {
    server = await startPostgres();
    proxy = await SilentProxy.before(server.url);
    dataSource = await new DataSource({ type: 'postgres', url: proxy.url }).initialize();
    engine = new PostgresEngine(dataSource, { size: 4, name: 'signpost' });
  });
  afterAll(async () => {
    proxy?.close();
    await engine?.close();
    await server?.stop();
  });

  const warmUp = () => Promise.all([1, 2, 3, 4].map(() => engine.rows('SELECT pg_sleep(0.02)')));

  it(
    'idle ones are found out before they get work',
    async () => {
      await warmUp();
      expect(proxy.goSilent()).toBeGreaterThanOrEqual(4);
      expect(await engine.rowsAgain('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
    WITHIN_MS,
  );

  it(
    'a statement under way is asked after, broken off and begun again',
    async () => {
      await warmUp();
      const under = engine.rowsAgain('SELECT 1 AS one FROM pg_sleep(0.2)');
      setImmediate(() => proxy.goSilent());
      expect(await under).toEqual([{ one: 1 }]);
    },
    WITHIN_MS,
  );

  it('one that only takes long is left alone', async () => {
    await warmUp();
    const [row] = await engine.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid FROM pg_sleep(2)');
    expect(row?.pid).toEqual(expect.any(Number));
  });
});
