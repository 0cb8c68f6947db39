import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Publisher, SignpostModule } from '../dist/index.js';
import { serveCommands } from './processes.js';
import { publishAll } from './sample-events.js';

let publisher;

/** A producer's application: Signpost in its own Nest process, publishing in transactions of its own. */
class HostModule {}

async function start({ file, masterKey }) {
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'better-sqlite3', database: file, autoLoadEntities: true }),
      SignpostModule.forRoot({ masterKey, targets: { allow: ['127.0.0.0/8'] } }),
    ],
  })(HostModule);
  const app = await NestFactory.create(HostModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  publisher = app.get(Publisher);
  return app.getUrl();
}

serveCommands({
  start,
  publish: (total) =>
    publishAll(total, (events) => publisher.publishAlone(events.map((event) => ({ ...event, tenant: 'bench' })))),
});
