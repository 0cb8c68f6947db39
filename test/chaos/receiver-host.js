// A host application with the receiver module in it, to be killed: loads, says so, and starts when it is told.
// Messages in: { start: { database, producer, secret, port, lastWords, fault? } }, { arm: { point, nth, signal? } }. Out: { loaded },
// { url }, { armed }.
import 'reflect-metadata';
import { setImmediate } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HandleOtherEvents, SignpostReceiverModule } from '../../dist/receiver/index.js';
import { ReceiverFaults } from './receiver-fault-points.js';

let faults;
let insertEffect;

/** The effect is a row; no key keeps a second one out. Every ninth event fails at first. */
class Handlers {
  async onEvent({ id, subject, data }, { manager, attempt }) {
    await manager.query(insertEffect, [id, subject]);
    // Others want the connection now, and must not get into this transaction.
    await setImmediate();
    faults.inHandler(id);
    if (data.number % 9 === 0 && attempt === 1) throw new Error('Not this time');
  }
}
HandleOtherEvents()(Handlers.prototype, 'onEvent', Object.getOwnPropertyDescriptor(Handlers.prototype, 'onEvent'));

class HostModule {}

/** Short enough to wait for: on PostgreSQL nothing but its end frees what a dead node had claimed. */
const LEASE_MS = 1_000;

async function start({ database, producer, secret, port, lastWords, fault }) {
  insertEffect = `INSERT INTO effects (event, subject) VALUES ${database.type === 'postgres' ? '($1, $2)' : '(?, ?)'}`;
  const module = {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot({ ...database, autoLoadEntities: true, retryAttempts: 0 }),
      SignpostReceiverModule.forRoot({
        path: 'signals',
        producer,
        signing: { secret },
        drain: { pageSize: 7 },
        handling: { concurrency: 4, leaseMs: LEASE_MS, retrySchedule: Array(50).fill(20), pollIntervalMs: 200 },
      }),
    ],
    providers: [Handlers],
  };
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    rawBody: true,
    logger: false,
    abortOnError: false,
  });
  faults = new ReceiverFaults(lastWords);
  faults.install(app);
  faults.arm(fault);
  process.on('message', ({ arm }) => {
    if (!arm) return;
    faults.arm(arm);
    process.send({ armed: arm.point });
  });
  await app.listen(port, '127.0.0.1');
  process.send({ url: await app.getUrl() });
}

process.on('message', ({ start: settings }) => {
  if (!settings) return;
  start(settings).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
process.send({ loaded: true });
