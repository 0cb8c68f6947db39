import { Controller, Get, Header, Inject, type MessageEvent, Res, Sse } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { auditTime, concatMap, distinctUntilChanged, map, type Observable, startWith } from 'rxjs';
import { PAGE_HEADERS, STYLE } from '../html.js';
import { contactRows, contactsPage, LIVE_SCRIPT } from './contacts-page.js';
import { Contacts } from './contacts.js';

/** A burst of leads is one update of the page. */
const UPDATE_EVERY_MS = 50;

@Controller()
export class ContactsController {
  constructor(@Inject(Contacts) private readonly contacts: Contacts) {}

  @Get()
  async page(@Res() reply: FastifyReply): Promise<void> {
    await reply.headers(PAGE_HEADERS).send(contactsPage(await this.contacts.newest()));
  }

  @Sse('contacts/stream')
  stream(): Observable<MessageEvent> {
    return this.contacts.changes.pipe(
      auditTime(UPDATE_EVERY_MS),
      startWith(undefined),
      concatMap(async () => contactRows(await this.contacts.newest())),
      distinctUntilChanged(),
      map((rows) => ({ data: { rows } })),
    );
  }

  @Get('live.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return LIVE_SCRIPT;
  }

  @Get('style.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return STYLE;
  }
}
