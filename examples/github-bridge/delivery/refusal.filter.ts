import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IdempotencyConflictError, InvalidEventError } from 'nestjs-signpost';
import { DeliveryRefusedError } from './delivery-refused.js';

type Refusal = DeliveryRefusedError | InvalidEventError | IdempotencyConflictError;

/** Answers deliveries that are not taken in. The reason goes to the log, and to the sender if the signature was right. */
@Catch(DeliveryRefusedError, InvalidEventError, IdempotencyConflictError)
export class RefusalFilter implements ExceptionFilter<Refusal> {
  private readonly logger = new Logger('Bridge');

  catch(refusal: Refusal, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    // The route, not the URL: a handshake has the verify token in its query.
    const route = http.getRequest<FastifyRequest>().routeOptions.url;
    this.logger.warn(`A request to ${route} was refused: ${refusal.code}. ${refusal.message}`);
    const isBare = refusal instanceof DeliveryRefusedError && refusal.isBare;
    void reply.status(statusOf(refusal));
    void (isBare ? reply.send() : reply.type('text/plain; charset=utf-8').send(`${refusal.message}\n`));
  }
}

function statusOf(refusal: Refusal): number {
  if (refusal instanceof DeliveryRefusedError) return refusal.status;
  return refusal instanceof IdempotencyConflictError ? 409 : 400;
}
