import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { query, startEmbeddedPostgres, UNSAFE, type EmbeddedPostgres } from '../../scripts/embedded-postgres.js';
import {
  CredentialsService,
  EndpointsService,
  Publisher,
  ReceiversService,
  SignpostModule,
  type PostgresOptions,
} from '../../src/index.js';
import { PGBOUNCER_PATH, PGBOUNCER_REQUIRED, startPgBouncer } from '../support/pgbouncer.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { TEST_MASTER_KEY } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { SELF_SIGNED } from '../support/signal-tls.js';
import { until } from '../support/until.js';

@Module({})
class HostModule {}

const warnings: string[] = [];

async function host(url: string, postgres: PostgresOptions = {}): Promise<INestApplicationContext> {
  const imports = [
    TypeOrmModule.forRoot({ type: 'postgres', url, autoLoadEntities: true, retryAttempts: 0 }),
    SignpostModule.forRoot({ masterKey: TEST_MASTER_KEY, targets: { allow: ['127.0.0.0/8'] }, postgres }),
  ];
  const app = await NestFactory.createApplicationContext(
    { module: HostModule, imports },
    { logger: ['warn', 'error'], abortOnError: false },
  );
  app.useLogger({ log: () => undefined, error: () => undefined, warn: (text: string) => void warnings.push(text) });
  Logger.overrideLogger({
    log: () => undefined,
    error: () => undefined,
    warn: (text: string) => void warnings.push(text),
  });
  return app;
}

/** Publishes in a transaction of the host, and waits for the signal. */
async function publishedAndSignalled(app: INestApplicationContext, receiver: SignalReceiver): Promise<void> {
  const { id } = await app.get(ReceiversService).create({ name: 'test', tenant: 'acme' });
  await app.get(CredentialsService).create(id, { name: 'test' });
  await app.get(EndpointsService).create(id, { url: `${receiver.url}/signals`, eventTypes: ['*'] });
  const { id: event } = await app
    .get(DataSource)
    .transaction((manager) => app.get(Publisher).publish(manager, { type: 'invoice.paid', tenant: 'acme', data: {} }));
  await until(() => receiver.signals.some(({ body }) => body.includes(event)), 'the signal');
}

describe('PostgreSQL', () => {
  let app: INestApplicationContext | undefined;
  let receiver: SignalReceiver;

  beforeEach(async () => {
    warnings.length = 0;
    receiver = await startSignalReceiver();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await receiver.close();
    Logger.overrideLogger(false);
  });

  describe('over TLS', () => {
    let directory: string;
    let server: EmbeddedPostgres;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'signpost-tls-'));
      const [key, cert] = [join(directory, 'server.key'), join(directory, 'server.crt')];
      await writeFile(key, SELF_SIGNED.key);
      await writeFile(cert, SELF_SIGNED.cert);
      await chmod(directory, 0o755);
      await chmod(key, 0o600);
      // The server refuses a key that others can read, or that is not its own.
      if (process.getuid?.() === 0) spawnSync('chown', ['nobody', key]);
      server = await startEmbeddedPostgres({ ...UNSAFE, ssl: 'on', ssl_cert_file: cert, ssl_key_file: key });
    });
    afterEach(async () => {
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    it('every connection is encrypted, and the server is verified: the host’s, the engine’s and the listening one', async () => {
      app = await host(`${server.url}?sslmode=verify-full&sslrootcert=${join(directory, 'server.crt')}`);
      await publishedAndSignalled(app, receiver);
      const connections = await query(
        server.url,
        `SELECT a.application_name AS name, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
         WHERE a.datname IS NOT NULL AND a.pid <> pg_backend_pid()`,
      );
      expect(connections.map(({ name }) => name)).toEqual(expect.arrayContaining(['', 'signpost', 'signpost listen']));
      expect(connections.filter(({ ssl }) => ssl !== true)).toEqual([]);
    });

    it('a server whose certificate nobody vouches for is not talked to', async () => {
      await expect(host(`${server.url}?sslmode=verify-full`)).rejects.toMatchObject({
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      });
    });
  });

  if (PGBOUNCER_PATH === undefined && !PGBOUNCER_REQUIRED) {
    process.stderr.write('PgBouncer is not installed: what is promised behind it is not tested.\n');
  }
  // Where it is promised and is not there, this fails.
  (PGBOUNCER_PATH !== undefined || PGBOUNCER_REQUIRED ? describe : describe.skip)(
    'behind PgBouncer in transaction mode',
    () => {
      let server: TestPostgres;
      let database: { url: string; drop(): Promise<void> };
      let pooler: { url: string; stop(): Promise<void> };

      beforeEach(async () => {
        server = await startPostgres();
        database = await server.createDatabase();
        pooler = await startPgBouncer(database.url);
      });
      afterEach(async () => {
        await app?.close();
        app = undefined;
        await pooler?.stop();
        await database?.drop();
        await server?.stop();
      });

      it('everything works, and what does not is said at start: nobody hears notifications', async () => {
        app = await host(pooler.url);
        await publishedAndSignalled(app, receiver);
        await until(() => warnings.some((text) => /polls PostgreSQL.*listenUrl/.test(text)), 'the warning');
      });

      it('with the database itself to listen at, notifications are heard', async () => {
        app = await host(pooler.url, { listenUrl: database.url });
        await publishedAndSignalled(app, receiver);
        const listening = await query(
          database.url,
          `SELECT 1 FROM pg_stat_activity WHERE application_name = 'signpost listen' AND datname = current_database()`,
        );
        expect(listening).toHaveLength(1);
        expect(warnings).toEqual([]);
      });
    },
  );
});
