import 'reflect-metadata';
import { createServer } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { HandleOtherEvents, SignpostReceiverModule } from '../../dist/receiver/index.js';
import { serveCommands } from '../processes.js';

/** When each event's handler was called, by the number in its payload; `process.hrtime` is one clock for all processes. */
const called = new Map();
let waiting;

class Handlers {
  onEvent({ data }) {
    if (data.number === undefined) return;
    called.set(data.number, Number(process.hrtime.bigint()));
    if (waiting && called.size >= waiting.total) waiting.resolve();
  }
}
const { value: method } = Object.getOwnPropertyDescriptor(Handlers.prototype, 'onEvent');
HandleOtherEvents()(Handlers.prototype, 'onEvent', { value: method });

/** A receiver's application: the module in its own Nest process, on a SQLite file of its own. */
class HostModule {}

let settings;
let dataSource;

async function connect({ url, apiKey, secret }) {
  const { file, port, handling } = settings;
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'better-sqlite3', database: file, autoLoadEntities: true }),
      SignpostReceiverModule.forRoot({
        path: 'signals',
        producer: { url, apiKey },
        signing: { secret },
        drain: { pageSize: 1_000 },
        ...(handling ? {} : { handling: false }),
      }),
    ],
    providers: [Handlers],
  })(HostModule);
  const app = await NestFactory.create(HostModule, new FastifyAdapter({ bodyLimit: 262_144 }), {
    rawBody: true,
    logger: ['error', 'warn'],
  });
  dataSource = app.get(DataSource, { strict: false });
  await app.listen(port, '127.0.0.1');
}

/** Until that many events are in the inbox; asked a hundred times a second, on the connection that works. */
async function reaches(total) {
  for (;;) {
    const [{ newest }] = await dataSource.query('SELECT max(ordinal) AS newest FROM signpost_inbox');
    if ((newest ?? 0) >= total) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

serveCommands({
  start: async (given) => {
    settings = { ...given, port: await freePort() };
    return settings.port;
  },
  connect,
  reaches,
  /** Resolves with the times once that many handlers were called. */
  called: async (total) => {
    if (called.size < total) await new Promise((resolve) => (waiting = { total, resolve }));
    const times = [...called];
    called.clear();
    waiting = undefined;
    return times;
  },
});
