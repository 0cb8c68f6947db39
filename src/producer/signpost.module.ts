import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ADMIN_API_CONTROLLERS, ADMIN_API_PROVIDERS } from './admin-api/admin-api.parts.js';
import { SIGNPOST_ENTITIES } from './entities.js';
import { FETCH_API_CONTROLLERS, FETCH_API_PROVIDERS } from './fetch-api/fetch-api.parts.js';
import { OAUTH_CONTROLLERS, OAUTH_PROVIDERS } from './oauth/oauth.parts.js';
import { Publisher } from './publish/publisher.js';
import { accessProviders, dispatchProviders, logProviders, subscriptionProviders } from './signpost.providers.js';
import { SignpostHealth } from './signpost-health.js';
import { SIGNPOST_DATA_SOURCE } from './signpost-options.js';
import { ASYNC_OPTIONS_TYPE, ConfigurableModuleClass, OPTIONS_TYPE } from './signpost.module-definition.js';
import { SignpostLifecycle } from './signpost-lifecycle.js';

type Parts = Pick<typeof OPTIONS_TYPE, 'dataSource' | 'fetchApi' | 'adminApi'>;

/**
 * The producer's side: publish in your own transactions, and signals go out, and receivers fetch.
 *
 * Lives in a DataSource of `TypeOrmModule` with `autoLoadEntities: true`. The application must keep raw bodies:
 * `NestFactory.create(AppModule, { rawBody: true })`.
 */
@Module({})
export class SignpostModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withParts(super.forRoot(options), options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withParts(super.forRootAsync(options), options);
  }
}

function withParts(definition: DynamicModule, { dataSource, fetchApi, adminApi }: Parts): DynamicModule {
  return {
    ...definition,
    imports: [...(definition.imports ?? []), TypeOrmModule.forFeature(SIGNPOST_ENTITIES, dataSource)],
    controllers: [
      ...(fetchApi === false ? [] : [...FETCH_API_CONTROLLERS, ...OAUTH_CONTROLLERS]),
      ...(adminApi === false ? [] : ADMIN_API_CONTROLLERS),
    ],
    providers: [
      ...(definition.providers ?? []),
      { provide: SIGNPOST_DATA_SOURCE, useExisting: getDataSourceToken(dataSource) },
      ...logProviders,
      ...subscriptionProviders,
      ...accessProviders,
      ...dispatchProviders,
      ...(fetchApi === false ? [] : [...FETCH_API_PROVIDERS, ...OAUTH_PROVIDERS]),
      ...(adminApi === false ? [] : ADMIN_API_PROVIDERS),
      SignpostHealth,
      SignpostLifecycle,
    ],
    exports: [Publisher, SignpostHealth],
  };
}
