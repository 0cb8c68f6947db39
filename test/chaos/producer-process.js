// A host application with Signpost in it, to be killed: loads, says so, and starts when it is told on which database.
// Messages in: { start: { database, dispatch, lastWords, fault? } }, { arm: { point, nth } }. Out: { loaded }, { url }, { armed }.
import 'reflect-metadata';
import { setImmediate } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AdminKeysService, Publisher, SignpostModule } from '../../dist/index.js';
import { PRODUCER_DATABASE } from '../../dist/producer/signpost-options.js';
import { Faults } from './fault-points.js';
import { installPostgresPoints } from './postgres-fault-points.js';

const ADMIN_KEY = 'chaos-admin-key-0123456789';

class RolledBack extends Error {}

class HostModule {}

async function start({ database, dispatch, lastWords, fault }) {
  const module = {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot({ ...database, autoLoadEntities: true, retryAttempts: 0 }),
      SignpostModule.forRoot({
        masterKey: Buffer.alloc(32, 1).toString('base64'),
        targets: { allow: ['127.0.0.0/8'] },
        dispatch,
      }),
    ],
  };
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    rawBody: true,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  const faults = new Faults(lastWords);
  faults.install(app);
  if (database.type === 'postgres') installPostgresPoints(faults, app.get(PRODUCER_DATABASE));
  faults.arm(fault);
  process.on('message', ({ arm }) => {
    if (!arm) return;
    faults.arm(arm);
    process.send({ armed: arm.point });
  });

  const dataSource = app.get(DataSource);
  await dataSource.query('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, event_id TEXT)');
  const place = placingOrders(dataSource, app.get(Publisher));
  app
    .getHttpAdapter()
    .getInstance()
    .post('/orders', async (request, reply) => {
      const { id, ending } = request.body;
      return reply.code(await place(id, ending)).send();
    });
  await app.get(AdminKeysService).ensureBootstrapKey(ADMIN_KEY);
  await app.listen(0, '127.0.0.1');
  process.send({ url: await app.getUrl() });
}

/** One order is one row and one event, in one transaction, which ends as it is told. Answers with an HTTP status. */
function placingOrders(dataSource, publisher) {
  const event = (id) => ({ type: 'order.placed', tenant: 'acme', subject: id, data: { order: id } });
  return async (id, ending) => {
    try {
      await dataSource.transaction(async (manager) => {
        const [known] = await manager.sql`SELECT id FROM orders WHERE id = ${id}`;
        // The transaction of a process that died may have ended only now.
        const [mine] = known
          ? []
          : await manager.sql`INSERT INTO orders (id) VALUES (${id}) ON CONFLICT DO NOTHING RETURNING id`;
        if (!mine) throw new RolledBack('This order was placed before', { cause: 409 });
        if (ending === 'savepoint') {
          const undone = manager.transaction(async (nested) => {
            await publisher.publish(nested, event(`undone ${id}`));
            throw new RolledBack('Only this part');
          });
          await undone.catch(() => undefined);
        }
        const published = await publisher.publish(manager, event(id));
        // Others want the connection now, and must not get into this transaction.
        await setImmediate();
        if (ending === 'rollback') throw new RolledBack('On purpose', { cause: 422 });
        await manager.sql`UPDATE orders SET event_id = ${published.id} WHERE id = ${id}`;
      });
      return 201;
    } catch (error) {
      if (error instanceof RolledBack) return error.cause;
      throw error;
    }
  };
}

process.once('message', ({ start: settings }) => {
  start(settings).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
// Nothing may outlive the test that started it.
process.on('disconnect', () => process.exit(0));
process.send({ loaded: true });
