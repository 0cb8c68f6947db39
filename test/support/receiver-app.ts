import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Module,
  type DynamicModule,
  type INestApplication,
  type NestApplicationOptions,
  type Provider,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  HandleOtherEvents,
  InboxService,
  type HandlerContext,
  type ReceivedEvent,
  SignpostReceiver,
  SignpostReceiverModule,
  type SignpostReceiverOptions,
} from '../../src/receiver/index.js';
import { closeApp } from './close-app.js';
import type { Platform } from './producer-app.js';

/** Writes each event's effect into a table of the host, in the handler's transaction; a doubled effect is a second row. */
export class EffectHandlers {
  /** Called before the effect is written; what it throws, the handler throws. */
  before: (event: ReceivedEvent, context: HandlerContext) => Promise<void> | void = () => undefined;

  @HandleOtherEvents()
  async onEvent(event: ReceivedEvent, context: HandlerContext): Promise<void> {
    await this.before(event, context);
    await context.manager.query(
      context.manager.dataSource.options.type === 'postgres'
        ? 'INSERT INTO effects (event, subject) VALUES ($1, $2)'
        : 'INSERT INTO effects (event, subject) VALUES (?, ?)',
      [event.id, event.subject],
    );
  }
}

export interface ReceiverAppSettings extends SignpostReceiverOptions {
  platform?: Platform;
  path?: string | false;
  /** SQLite file, kept when the application closes. Default: a fresh one, removed with it. */
  file?: string;
  /** Default: any free one. */
  port?: number;
  /** Instead of SQLite. */
  database?: TypeOrmModuleOptions;
  providers?: Provider[];
  /** Called before anything runs by itself. */
  instrument?: (parts: Pick<ReceiverApp, 'app' | 'dataSource' | 'handlers'>) => void;
  /** Neither the feed is read nor anything handled by itself: tests take the steps. */
  manual?: boolean;
  /** How Nest is created, such as with `rawBody: true`. */
  nest?: NestApplicationOptions;
}

export interface ReceiverApp {
  app: INestApplication;
  url: string;
  dataSource: DataSource;
  receiver: SignpostReceiver;
  inbox: InboxService;
  handlers: EffectHandlers;
  /** Event ids in the order of their effects. */
  effects(): Promise<string[]>;
  close(): Promise<void>;
}

/** Where handlers leave what they did, and in which order. */
export function effectsTable(type: string): string {
  // Of all that PostgreSQL has, only a sequence tells the order: sessions write to different pages of one table.
  const place = type === 'postgres' ? 'BIGINT GENERATED ALWAYS AS IDENTITY' : 'INTEGER PRIMARY KEY AUTOINCREMENT';
  return `CREATE TABLE IF NOT EXISTS effects (place ${place}, event TEXT NOT NULL, subject TEXT)`;
}

@Module({})
class ReceiverHost {
  static with(settings: ReceiverAppSettings, database: TypeOrmModuleOptions, handlers: EffectHandlers): DynamicModule {
    const { path, providers = [{ provide: EffectHandlers, useValue: handlers }], ...options } = settings;
    return {
      module: ReceiverHost,
      imports: [
        TypeOrmModule.forRoot({ ...database, autoLoadEntities: true, retryAttempts: 0 }),
        SignpostReceiverModule.forRoot({ ...options, ...(path === undefined ? {} : { path }) }),
      ],
      providers,
    };
  }
}

/** A host application with the receiver module in it, on a free port of the loopback interface. */
export async function startReceiverApp(settings: ReceiverAppSettings): Promise<ReceiverApp> {
  const { platform = 'fastify', file, database, nest, port = 0, instrument, manual = false, ...given } = settings;
  const module: ReceiverAppSettings = {
    ...given,
    ...(manual ? { drain: { ...given.drain, run: false }, handling: { ...given.handling, run: false } } : {}),
  };
  const directory = await mkdtemp(join(tmpdir(), 'signpost-receiver-'));
  const handlers = new EffectHandlers();
  const sqlite: TypeOrmModuleOptions = { type: 'better-sqlite3', database: file ?? join(directory, 'receiver.db') };
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const host = ReceiverHost.with(module, database ?? sqlite, handlers);
  const app = await NestFactory.create(host, adapter as never, { ...nest, logger: false, abortOnError: false });
  try {
    const dataSource = app.get(DataSource);
    await dataSource.query(effectsTable(dataSource.options.type));
    instrument?.({ app, dataSource, handlers });
    await app.listen(port, '127.0.0.1');
    return {
      app,
      url: `${await app.getUrl()}/${module.path === undefined ? 'signals' : module.path}`,
      dataSource,
      receiver: app.get(SignpostReceiver),
      inbox: app.get(InboxService),
      handlers,
      effects: async () => {
        const rows = await dataSource.query<{ event: string }[]>('SELECT event FROM effects ORDER BY place');
        return rows.map(({ event }) => event);
      },
      close: async () => {
        await closeApp(app);
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await app.close();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
