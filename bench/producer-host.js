import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CredentialsService, EndpointsService, Publisher, ReceiversService, SignpostModule } from '../dist/index.js';
import { serveCommands } from './processes.js';
import { payload, publishAll } from './sample-events.js';
import { TENANT } from './sample-log.js';

let app;
let publisher;
let dataSource;

/** A producer's application: Signpost in its own Nest process, publishing in transactions of its own. */
class HostModule {}

/** `url`: of an endpoint to create; none: the endpoints are there, or there are none. `dispatch`: options of the module. */
async function start({ dataSource: options, url, dispatch }) {
  Module({
    imports: [
      TypeOrmModule.forRoot({ ...options, autoLoadEntities: true }),
      SignpostModule.forRoot({
        // The same each time: a database may be opened by several hosts in turn.
        masterKey: Buffer.alloc(32, 7).toString('base64'),
        targets: { allow: ['127.0.0.0/8'] },
        ...(dispatch ? { dispatch } : {}),
      }),
    ],
  })(HostModule);
  app = await NestFactory.create(HostModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  publisher = app.get(Publisher, { strict: false });
  dataSource = app.get(DataSource, { strict: false });
  const own = { url: await app.getUrl() };
  if (url === undefined) return own;
  const receiver = await app.get(ReceiversService, { strict: false }).create({ tenant: TENANT, name: 'inbox' });
  const credential = await app.get(CredentialsService, { strict: false }).create(receiver.id, { name: 'drain' });
  const endpoint = await app.get(EndpointsService, { strict: false }).create(receiver.id, { url, eventTypes: ['*'] });
  return { ...own, apiKey: credential.apiKey, secret: endpoint.secret, endpoint: endpoint.id };
}

/** Publishes at an even rate; resolves with when each was committed. */
async function paced({ count, rate, offset }) {
  const begin = performance.now();
  const committed = [];
  for (let at = 0; at < count; at++) {
    const pause = begin + (at * 1_000) / rate - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const number = offset + at;
    const event = {
      type: 'bench.paced',
      tenant: TENANT,
      subject: `${number}`,
      data: { number, text: 'x'.repeat(1_000) },
    };
    const published = publisher.publishAlone([event]);
    committed.push(published.then(() => [number, Number(process.hrtime.bigint())]));
  }
  return Promise.all(committed);
}

/** Publishes each event in a transaction of the application, `publishers` of them at a time. */
async function inTransactions({ count, publishers }) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const event = { type: 'invoice.paid', tenant: TENANT, data: payload(next++) };
      await dataSource.transaction((manager) => publisher.publish(manager, event));
    }
  };
  await Promise.all(Array.from({ length: publishers }, worker));
}

serveCommands({
  start,
  paced,
  inTransactions,
  publish: (total) =>
    publishAll(total, (events) => publisher.publishAlone(events.map((event) => ({ ...event, tenant: TENANT })))),
  /** Ends as an application that is stopped: what it has under way is written down. */
  close: () => app.close(),
});
