import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignpostModule, type SignpostOptions } from '../index.js';
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
          type: 'better-sqlite3',
          database: settings.database,
          autoLoadEntities: true,
          retryAttempts: 0,
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
  const { retrySchedule, confirmSchedule, signalTimeoutMs } = settings;
  return {
    masterKey,
    publicUrl: settings.publicUrl,
    retentionMs: settings.retentionMs,
    targets: { allow: settings.allowTargets },
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
