import { Body, Controller, Get, Header, HttpStatus, Inject, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Publisher } from 'nestjs-signpost';
import { DataSource } from 'typeorm';
import { PAGE_HEADERS, STYLE } from '../html.js';
import type { Lead } from '../lead.js';
import { formPage, thanksPage } from './form-page.js';
import { LeadEntity } from './lead.entity.js';
import { type LeadForm, readLeadForm } from './lead-form.js';

@Controller()
export class LeadsController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Publisher) private readonly publisher: Publisher,
  ) {}

  @Get()
  form(@Res() response: Response): void {
    response.set(PAGE_HEADERS).send(formPage());
  }

  @Get('thanks')
  thanks(@Res() response: Response): void {
    response.set(PAGE_HEADERS).send(thanksPage());
  }

  @Get('style.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return STYLE;
  }

  @Post('leads')
  async submit(@Body() body: unknown, @Res() response: Response): Promise<void> {
    const { form, errors } = await readLeadForm(body);
    if (Object.keys(errors).length > 0) {
      response.status(HttpStatus.UNPROCESSABLE_ENTITY).set(PAGE_HEADERS).send(formPage(form, errors));
      return;
    }
    await this.store(form);
    // A reload must not send the form again.
    response.redirect(HttpStatus.SEE_OTHER, '/thanks');
  }

  /** The lead and the event about it, in one transaction: neither is there without the other. */
  private async store({ name, email, company, message }: LeadForm): Promise<void> {
    const lead: Lead = { name, email, company: company === '' ? null : company, message };
    await this.dataSource.transaction(async (manager) => {
      const { id } = await manager.save(manager.create(LeadEntity, { ...lead }));
      await this.publisher.publish(manager, { type: 'lead.created', subject: id, data: lead });
    });
  }
}
