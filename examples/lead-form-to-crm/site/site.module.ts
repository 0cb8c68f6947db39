import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignpostModule } from 'nestjs-signpost';
import { LeadEntity } from './lead.entity.js';
import { LeadsController } from './leads.controller.js';

/** The site builder's side: a form, a table of leads, and Signpost in the same database. */
@Module({})
export class SiteModule {
  static with(database: string, masterKey: string): DynamicModule {
    return {
      module: SiteModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          entities: [LeadEntity],
          autoLoadEntities: true,
          synchronize: true,
        }),
        SignpostModule.forRoot({
          masterKey,
          // The CRM is on this machine; everything else stays refused.
          targets: { allow: ['127.0.0.0/8'] },
          // For people who watch: a CRM that was away is told of it within seconds.
          dispatch: { retrySchedule: [500, 1_000, 2_000, 5_000] },
        }),
      ],
      controllers: [LeadsController],
    };
  }
}
