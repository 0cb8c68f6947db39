import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CredentialsService, EndpointsService, Publisher, ReceiversService, SignpostModule } from '../dist/index.js';
import { serveCommands } from './processes.js';
import { publishAll } from './sample-events.js';

const TENANT = 'bench';

let publisher;

/** A producer's application: Signpost in its own Nest process, publishing in transactions of its own. */
class HostModule {}

async function start({ file, url }) {
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'better-sqlite3', database: file, autoLoadEntities: true }),
      SignpostModule.forRoot({ masterKey: randomBytes(32).toString('base64'), targets: { allow: ['127.0.0.0/8'] } }),
    ],
  })(HostModule);
  const app = await NestFactory.create(HostModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  publisher = app.get(Publisher, { strict: false });
  const receiver = await app.get(ReceiversService, { strict: false }).create({ tenant: TENANT, name: 'inbox' });
  const credential = await app.get(CredentialsService, { strict: false }).create(receiver.id, { name: 'drain' });
  const endpoint = await app.get(EndpointsService, { strict: false }).create(receiver.id, { url, eventTypes: ['*'] });
  return { url: await app.getUrl(), apiKey: credential.apiKey, secret: endpoint.secret };
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

serveCommands({
  start,
  paced,
  publish: (total) =>
    publishAll(total, (events) => publisher.publishAlone(events.map((event) => ({ ...event, tenant: TENANT })))),
});
