import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignpostReceiverModule } from 'nestjs-signpost/receiver';
import type { HandOver } from '../hand-over.js';
import { Contact } from './contact.entity.js';
import { Contacts } from './contacts.js';
import { ContactsController } from './contacts.controller.js';
import { LeadHandlers } from './lead-handlers.js';

/** The CRM's side: contacts, the receiver module in the same database, and a page that shows them as they come. */
@Module({})
export class CrmModule {
  static with(database: string, producerUrl: string, { apiKey, signingSecret }: HandOver): DynamicModule {
    return {
      module: CrmModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          entities: [Contact],
          autoLoadEntities: true,
          synchronize: true,
        }),
        SignpostReceiverModule.forRoot({
          path: 'signals',
          producer: { url: producerUrl, apiKey },
          signing: { secret: signingSecret },
        }),
      ],
      controllers: [ContactsController],
      providers: [Contacts, LeadHandlers],
    };
  }
}
