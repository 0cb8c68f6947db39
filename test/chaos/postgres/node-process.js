// A node of an installation on PostgreSQL, to be killed, stopped and cut off: loads, says so, and starts as it is told.
// Messages in: { start: settings }, { report: true }. Out: { loaded }, { url } or { refused }, { report: { sent, lostLeases } }.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  AdminKeysService,
  isDatabaseUnavailable,
  ProblemFilter,
  Publisher,
  SignpostModule,
} from '../../../dist/index.js';
import { SignalSender } from '../../../dist/producer/signal/signal-sender.js';
import { DISPATCH_STORE } from '../../../dist/producer/signpost-options.js';
import { setClockOff } from './support/clock-off.js';

const ADMIN_KEY = 'chaos-admin-key-0123456789';
const UNIQUE_VIOLATION = '23505';

class RolledBack extends Error {}

class HostModule {}

async function start({ url, listenUrl, poolSize, hostPoolSize, dispatch, clockOffMs }) {
  setClockOff(clockOffMs);
  const database = { type: 'postgres', url, poolSize: hostPoolSize, connectTimeoutMS: 2_000 };
  const module = {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot({ ...database, autoLoadEntities: true, retryAttempts: 0 }),
      SignpostModule.forRoot({
        masterKey: Buffer.alloc(32, 1).toString('base64'),
        targets: { allow: ['127.0.0.0/8'] },
        postgres: { poolSize, listenUrl },
        dispatch: dispatch && { retrySchedule: [200, 500], confirmSchedule: [3_600_000], ...dispatch },
      }),
    ],
  };
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    rawBody: true,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(isDatabaseUnavailable));
  reportWhatIsDone(app.get(SignalSender), app.get(DISPATCH_STORE));

  const place = placingOrders(app.get(DataSource), app.get(Publisher));
  app
    .getHttpAdapter()
    .getInstance()
    .post('/orders', async (request, reply) => {
      const { id, ending } = request.body;
      const status = await place(id, ending);
      if (status === 503) reply.header('retry-after', '1');
      return reply.code(status).send();
    });
  await app.get(AdminKeysService).ensureBootstrapKey(ADMIN_KEY);
  await app.listen(0, '127.0.0.1');
  process.send({ url: await app.getUrl() });
}

/** How many signals this node has sent, and how many outcomes it was not allowed to write down any more. */
function reportWhatIsDone(sender, store) {
  const done = { sent: 0, lostLeases: 0 };
  const [send, settle] = [sender.send.bind(sender), store.settle.bind(store)];
  sender.send = (request) => {
    done.sent += 1;
    return send(request);
  };
  store.settle = async (settlements) => {
    const results = await settle(settlements);
    done.lostLeases += results.filter((result) => result === 'lost-lease').length;
    return results;
  };
  process.on('message', ({ report }) => report && process.send({ report: done }));
}

/** One order is one row and one event, in one transaction, which ends as it is told. Answers with an HTTP status. */
function placingOrders(dataSource, publisher) {
  return async (id, ending) => {
    try {
      await dataSource.transaction(async (manager) => {
        await manager.query('INSERT INTO orders (id) VALUES ($1)', [id]);
        const event = { type: 'order.placed', tenant: 'acme', subject: id, data: { order: id } };
        const published = await publisher.publish(manager, event);
        if (ending === 'rollback') throw new RolledBack('On purpose');
        await manager.query('UPDATE orders SET event_id = $2 WHERE id = $1', [id, published.id]);
      });
      return 201;
    } catch (error) {
      if (error instanceof RolledBack) return 422;
      if (error.code === UNIQUE_VIOLATION) return 409;
      if (isDatabaseUnavailable(error)) return 503;
      throw error;
    }
  };
}

process.once('message', ({ start: settings }) => {
  start(settings).catch((error) => {
    console.error(error);
    process.send({ refused: error.code ?? error.message }, () => process.exit(1));
  });
});
// Nothing may outlive the test that started it.
process.on('disconnect', () => process.exit(0));
process.send({ loaded: true });
