import 'reflect-metadata';
import {
  Controller,
  Get,
  Headers,
  Inject,
  Module,
  NotFoundException,
  Param,
  UnauthorizedException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import Database from 'better-sqlite3';
import { EntitySchema } from 'typeorm';
import { serveCommands } from '../processes.js';
import { keyCheck } from './key-check.js';

const EventEntity = new EntitySchema({
  name: 'Event',
  tableName: 'signpost_event',
  columns: {
    position: { name: 'ordinal', type: 'integer', primary: true },
    id: { type: 'text' },
    tenant: { type: 'text' },
    type: { type: 'text' },
    subject: { type: 'text', nullable: true },
    occurredAt: { name: 'occurred_at', type: 'integer' },
    recordedAt: { name: 'recorded_at', type: 'integer' },
    data: { type: 'simple-json' },
  },
});

const KEY_CHECK = Symbol('KEY_CHECK');

/** The controller that one writes first: `findOne`, and the framework does the rest. */
class EventsController {
  constructor(events, tenantOf) {
    this.events = events;
    this.tenantOf = tenantOf;
  }

  async read(id, authorization) {
    const tenant = this.tenantOf(authorization);
    if (tenant === undefined) throw new UnauthorizedException();
    const event = await this.events.findOne({ where: { id, tenant } });
    if (!event) throw new NotFoundException();
    const { position, occurredAt, recordedAt, ...rest } = event;
    const times = { occurredAt: new Date(occurredAt).toISOString(), recordedAt: new Date(recordedAt).toISOString() };
    return { ...rest, ...times, cursor: String(position) };
  }
}

class HostModule {}

/** What decorators would do, in a file that Node runs as it is. */
function decorate(file) {
  const { prototype } = EventsController;
  Controller('v1/events')(EventsController);
  Inject(getRepositoryToken(EventEntity))(EventsController, undefined, 0);
  Inject(KEY_CHECK)(EventsController, undefined, 1);
  Get(':id')(prototype, 'read', Object.getOwnPropertyDescriptor(prototype, 'read'));
  Param('id')(prototype, 'read', 0);
  Headers('authorization')(prototype, 'read', 1);
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'better-sqlite3', database: file, readonly: true, entities: [EventEntity] }),
      TypeOrmModule.forFeature([EventEntity]),
    ],
    controllers: [EventsController],
    // The same raw check as the hand-written server: what is compared is Express and TypeORM, not how keys are found.
    providers: [{ provide: KEY_CHECK, useFactory: () => keyCheck(new Database(file, { readonly: true })) }],
  })(HostModule);
}

serveCommands({
  start: async ({ file }) => {
    decorate(file);
    const app = await NestFactory.create(HostModule, new ExpressAdapter(), { logger: ['error', 'warn'] });
    await app.listen(0, '127.0.0.1');
    return app.getHttpServer().address().port;
  },
});
