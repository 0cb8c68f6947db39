import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { signalController } from './accept/signal-controller.js';
import { SignpostClient } from './client/signpost-client.js';
import { RECEIVER_ENTITIES } from './inbox/entities.js';
import { InboxService } from './inbox/inbox.service.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  DEFAULT_NAME,
  DEFAULT_PATH,
  OPTIONS_TYPE,
  type SignpostReceiverStructure,
} from './receiver.module-definition.js';
import { RECEIVER_DATA_SOURCE } from './receiver-options.js';
import { receiverProviders } from './receiver.providers.js';
import { getInboxToken, getReceiverToken } from './receiver-tokens.js';
import { SignpostReceiver } from './signpost-receiver.js';

/**
 * The receiver's side: takes the signals of one producer, reads its feed into an inbox in a DataSource of the application, and has every
 * event handled once. Imported several times, with a `name` and a `path` each, for several producers.
 *
 * Lives in a DataSource of `TypeOrmModule` with `autoLoadEntities: true`, on better-sqlite3 or PostgreSQL, in an application on Express
 * or Fastify, whatever it parses bodies with.
 */
@Module({})
export class SignpostReceiverModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withParts(super.forRoot(options), options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withParts(super.forRootAsync(options), options);
  }
}

function withParts(definition: DynamicModule, structure: SignpostReceiverStructure): DynamicModule {
  const { name = DEFAULT_NAME, path = DEFAULT_PATH, dataSource, routeDecorators = [] } = structure;
  const named: Provider[] =
    name === DEFAULT_NAME
      ? []
      : [
          { provide: getInboxToken(name), useExisting: InboxService },
          { provide: getReceiverToken(name), useExisting: SignpostReceiver },
        ];
  return {
    ...definition,
    imports: [...(definition.imports ?? []), DiscoveryModule, TypeOrmModule.forFeature(RECEIVER_ENTITIES, dataSource)],
    controllers: path === false ? [] : [signalController(path, routeDecorators)],
    providers: [
      ...(definition.providers ?? []),
      { provide: RECEIVER_DATA_SOURCE, useExisting: getDataSourceToken(dataSource) },
      ...receiverProviders,
      ...named,
    ],
    exports: [InboxService, SignpostReceiver, SignpostClient, getInboxToken(name), getReceiverToken(name)],
  };
}
