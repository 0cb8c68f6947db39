import { createHash } from 'node:crypto';
import { Controller, Get, HttpStatus, Inject, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Publisher } from 'nestjs-signpost';
import { DeliveryRefusedError } from '../delivery/delivery-refused.js';
import { mediaType } from '../delivery/headers.js';
import { type SignedRequest, verifiedBody } from '../delivery/hub-signature.js';
import { textOf } from '../delivery/json-object.js';
import { RefusalFilter } from '../delivery/refusal.filter.js';
import type { FacebookSettings } from '../settings.js';
import { readFacebookBatch } from './facebook-batch.js';
import { answerHandshake } from './handshake.js';

/** Injection token of the `FacebookSettings`. */
export const FACEBOOK_SETTINGS = Symbol('FACEBOOK_SETTINGS');

/** What may be reflected is plain text, and nothing may guess otherwise. */
const HANDSHAKE_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Takes Facebook's deliveries in, and those of others that sign and subscribe as Facebook does. */
@Controller('webhooks/facebook')
@UseFilters(RefusalFilter)
export class FacebookController {
  constructor(
    @Inject(FACEBOOK_SETTINGS) private readonly settings: FacebookSettings,
    @Inject(Publisher) private readonly publisher: Publisher,
  ) {}

  @Get()
  subscribe(@Query() query: Record<string, unknown>, @Res() reply: FastifyReply): void {
    const challenge = answerHandshake(query, this.settings.verifyToken);
    void reply.headers(HANDSHAKE_HEADERS).send(challenge);
  }

  @Post()
  async take(@Req() request: SignedRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = verifiedBody(request, ['x-hub-signature-256', 'x-hub-signature'], this.settings.secrets);
    if (mediaType(request.raw) !== 'application/json') {
      throw new DeliveryRefusedError('unsupported_media_type', 'The content type must be application/json');
    }
    const events = readFacebookBatch(textOf(body));
    // Facebook numbers no deliveries: the same bytes again are the same delivery.
    const idempotencyKey = `facebook:${createHash('sha256').update(body).digest('base64url')}`;
    if (events.length > 0) await this.publisher.publishAlone(events, { idempotencyKey });
    // Facebook asks for 200, not for any 2xx.
    void reply.status(HttpStatus.OK).send();
  }
}
