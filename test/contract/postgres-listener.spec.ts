import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresListener } from '../../src/producer/log/postgres-listener.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

describe('the listener on PostgreSQL', () => {
  let server: TestPostgres;
  let here: Awaited<ReturnType<TestPostgres['createDatabase']>>;
  let elsewhere: Awaited<ReturnType<TestPostgres['createDatabase']>>;
  let dataSource: DataSource;
  let listener: PostgresListener | undefined;

  beforeAll(async () => {
    server = await startPostgres();
    here = await server.createDatabase();
    elsewhere = await server.createDatabase();
    dataSource = await new DataSource({ type: 'postgres', url: here.url }).initialize();
  });

  afterEach(() => listener?.stop());

  afterAll(async () => {
    await dataSource?.destroy();
    await here?.drop();
    await elsewhere?.drop();
    await server?.stop();
  });

  function listen(url?: string) {
    const seen = { heard: 0, reports: [] as string[] };
    listener = new PostgresListener(dataSource, {
      channel: 'signpost_log',
      url,
      notify: () => dataSource.query('NOTIFY signpost_log'),
      heard: () => (seen.heard += 1),
      report: (message) => seen.reports.push(message),
    });
    listener.start();
    return seen;
  }

  it('hears what others notify', async () => {
    const seen = listen();
    // The call that proved it, and the look at what was notified before.
    await until(() => seen.heard >= 2, 'the listener hears');
    const before = seen.heard;
    await dataSource.query('NOTIFY signpost_log');
    await until(() => seen.heard > before, 'a notification is heard');
    expect(seen.reports).toEqual([]);
  });

  it('says so where a LISTEN is taken and what others notify does not arrive, as behind a pooler in transaction mode', async () => {
    const seen = listen(elsewhere.url);
    await until(() => seen.reports.length > 0, 'the report');
    expect(seen.reports).toEqual([expect.stringContaining('notifications do not arrive')]);
    expect(seen.heard).toBe(0);
  });
});
