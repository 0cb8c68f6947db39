import { Injectable, Logger } from '@nestjs/common';
import { HandleEvent, HandleOtherEvents, type HandlerContext, type ReceivedEvent } from 'nestjs-signpost/receiver';
import type { Lead } from '../lead.js';
import { Contact } from './contact.entity.js';

@Injectable()
export class LeadHandlers {
  private readonly logger = new Logger('CRM');

  /** Runs in the transaction that marks the event as done: the count is right, whatever crashes when. */
  @HandleEvent('lead.created')
  async onLead({ data, occurredAt }: ReceivedEvent<Lead>, { manager }: HandlerContext): Promise<void> {
    const email = data.email.toLowerCase();
    const known = await manager.findOneBy(Contact, { email });
    await manager.save(Contact, {
      email,
      name: data.name,
      company: data.company ?? known?.company ?? null,
      lastMessage: data.message,
      enquiries: (known?.enquiries ?? 0) + 1,
      lastAt: occurredAt,
    });
  }

  /** Types that this version does not know are not dropped in silence. */
  @HandleOtherEvents()
  onOther({ id, type }: ReceivedEvent): void {
    this.logger.warn(`Nothing to do for ${type} (${id})`);
  }
}
