import type { KeyObject } from 'node:crypto';
import { Controller, HttpStatus, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Publisher } from 'nestjs-signpost';
import { onlyHeader } from '../delivery/headers.js';
import { type SignedRequest, verifiedBody } from '../delivery/hub-signature.js';
import { RefusalFilter } from '../delivery/refusal.filter.js';
import { readGithubDelivery } from './github-delivery.js';

/** Injection token of the secrets that GitHub may sign with. */
export const GITHUB_SECRETS = Symbol('GITHUB_SECRETS');

/** Takes GitHub's deliveries in. The answer comes when the event is durable; GitHub waits 10 s for it. */
@Controller('webhooks/github')
@UseFilters(RefusalFilter)
export class GithubController {
  constructor(
    @Inject(GITHUB_SECRETS) private readonly secrets: readonly KeyObject[],
    @Inject(Publisher) private readonly publisher: Publisher,
  ) {}

  @Post()
  async take(@Req() request: SignedRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = verifiedBody(request, ['x-hub-signature-256'], this.secrets);
    if (onlyHeader(request.raw, 'x-github-event') === 'ping') {
      void reply.status(HttpStatus.NO_CONTENT).send();
      return;
    }
    const { event, idempotencyKey } = readGithubDelivery(request.raw, body);
    await this.publisher.publishAlone([event], { idempotencyKey });
    void reply.status(HttpStatus.ACCEPTED).send();
  }
}
