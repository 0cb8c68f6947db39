import { Controller, Inject, Post, Req, Res, type Type, VERSION_NEUTRAL } from '@nestjs/common';
import { ProblemException } from '../../http/problem-exception.js';
import { type BodyRequest, rawBody } from '../../http/raw-body.js';
import { reply } from '../../http/reply.js';
import { LARGEST_SIGNAL, type SignalAnswer } from '../client/signal-acceptor.js';
import { SignalRoute } from './signal-route.js';

const JSON_TYPE = /^application\/json\b/i;
const NO_BYTES = Buffer.alloc(0);

/** The route of one producer's signals. A class for each, since a controller has its path from its class. */
export function signalController(path: string, decorators: readonly ClassDecorator[]): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  class SignalController {
    constructor(@Inject(SignalRoute) private readonly route: SignalRoute) {}

    @Post()
    async receive(@Req() request: BodyRequest, @Res() response: unknown): Promise<void> {
      const { status, headers, body } = await this.answer(request);
      reply(response, { status, headers: { ...headers }, body });
    }

    private async answer(request: BodyRequest): Promise<SignalAnswer> {
      try {
        // What is no JSON is refused for that, and its bytes are nobody's business: a parser may have taken them.
        const isJson = JSON_TYPE.test(request.headers['content-type'] ?? '');
        return this.route.accept(request, isJson ? await rawBody(request, LARGEST_SIGNAL) : NO_BYTES);
      } catch (error) {
        return this.route.refuse(error instanceof ProblemException ? error : undefined, error);
      }
    }
  }
  for (const decorate of decorators) decorate(SignalController);
  return SignalController;
}
