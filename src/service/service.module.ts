import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignpostModule, type SignpostOptions } from '../index.js';
import { dataSourceOptions } from './data-source-options.js';
import type { ServiceSettings } from './environment.js';
import { HealthController } from './health.controller.js';

/** The runnable: a host application that has nothing but Signpost in it. */
@Module({})
export class ServiceModule {
  static for(settings: ServiceSettings, masterKey: string): DynamicModule {
    const api = settings.role !== 'dispatch';
    return {
      module: ServiceModule,
      controllers: [HealthController],
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(settings.database),
          autoLoadEntities: true,
          // Whoever starts the service waits for the database, and knows for which faults.
          toRetry: () => false,
        }),
        SignpostModule.forRoot({
          ...signpostOptions(settings, masterKey),
          ...(api ? {} : { fetchApi: false, adminApi: false }),
        }),
      ],
    };
  }
}

function signpostOptions(settings: ServiceSettings, masterKey: string): SignpostOptions {
  const { retrySchedule, confirmSchedule, signalTimeoutMs, rateLimit } = settings;
  return {
    masterKey,
    previousMasterKeys: settings.previousMasterKeys,
    publicUrl: settings.publicUrl,
    retentionMs: settings.retentionMs,
    keepAccessMs: settings.auditRetentionMs,
    ...(rateLimit === undefined ? {} : { limits: { perCredential: rateLimit } }),
    targets: { allow: settings.allowTargets },
    postgres: settings.postgres,
    ...(settings.issuer ? { issuers: [settings.issuer] } : {}),
    dispatch:
      settings.role === 'api'
        ? false
        : {
            ...(retrySchedule ? { retrySchedule } : {}),
            ...(confirmSchedule ? { confirmSchedule } : {}),
            ...(signalTimeoutMs ? { signalTimeoutMs } : {}),
          },
  };
}
