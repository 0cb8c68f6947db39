import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { isAnswered, reply } from '../../http/reply.js';
import { discardRest, unparsedBody } from '../client/signal-body.js';
import { BODY_TIMEOUT_MS } from '../client/signal-handler.js';
import { SignalRequestError } from '../client/signal-request-error.js';
import { RECEIVER_STRUCTURE, type ResolvedStructure } from '../receiver.module-definition.js';
import { SignpostReceiverOptionsError } from '../receiver-options-validation.js';
import type { ExpressLike, FastifyLike, FastifyRequestLike } from './platforms.js';
import { ROUTE_CONFIG, type SignalRouteConfig } from './signal-controller.js';
import { SignalRoute } from './signal-route.js';

/** To Fastify the request has no body any more, so none of its parsers looks for one. */
const NO_BODY_HEADERS = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined };

/**
 * Takes the raw bytes of a signal before any parser of the host: with a limit, and in a limited time. So it does not matter what the
 * application parses bodies with, or whether it keeps raw ones. The request then goes on its way, past the application's middleware,
 * guards and interceptors, with its bytes as `rawBody`; only one whose bytes cannot be had is answered here.
 */
@Injectable()
export class SignalIntake {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(RECEIVER_STRUCTURE) private readonly structure: ResolvedStructure,
    @Inject(SignalRoute) private readonly route: SignalRoute,
  ) {}

  /**
   * To be called when all routes are there, before the first request.
   *
   * @throws SignpostReceiverOptionsError where bodies cannot be had
   */
  open(): void {
    const adapter = this.host.httpAdapter as typeof this.host.httpAdapter | undefined;
    const type = adapter?.getType();
    if (adapter && type === 'express') this.onExpress(adapter.getInstance<ExpressLike>());
    else if (adapter && type === 'fastify') this.onFastify(adapter.getInstance<FastifyLike>());
    // Without an HTTP server there are no requests; that of a testing module has no type.
    else if (type) {
      throw new SignpostReceiverOptionsError(
        'path',
        `needs Express or Fastify, not ${type}. Set path: false, and take signals with nodeSignalHandler of nestjs-signpost/client`,
      );
    }
  }

  private onExpress(app: ExpressLike): void {
    const { stack } = app.router;
    const reflector = new Reflector();
    const own = stack.filter(({ route }) =>
      route?.stack.some(({ handle }) => this.isOwn(reflector.get<SignalRouteConfig>(ROUTE_CONFIG, handle))),
    );
    for (const { route } of own) {
      if (!route) continue;
      app.post(route.path, (request, response, next) => {
        this.take(request, response).then((rawBody) => {
          if (!rawBody) return;
          // What body-parser 1 goes by; later ones see that the request has ended.
          Object.assign(request, { rawBody, _body: true });
          next();
        }, next);
      });
      // To the front, where no parser comes before it, not even one that the application registered before Nest.
      stack.unshift(...stack.splice(-1));
    }
  }

  private onFastify(app: FastifyLike): void {
    app.addHook('preParsing', (request: FastifyRequestLike, response, _payload, done) => {
      if (!this.isOwn(request.routeOptions.config as SignalRouteConfig)) return done();
      this.take(request.raw, response).then((rawBody) => {
        if (!rawBody) return;
        request.headers = NO_BODY_HEADERS;
        Object.assign(request, { rawBody });
        done();
      }, done);
    });
  }

  private isOwn(config: SignalRouteConfig | undefined): boolean {
    return config?.signpostSignals === this.structure.path;
  }

  /** undefined: there are no bytes, and it is answered. */
  private async take(request: IncomingMessage, response: unknown): Promise<Uint8Array | undefined> {
    try {
      return await unparsedBody(request, BODY_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof SignalRequestError)) throw error;
      const { status, headers, body } = this.route.refuse(error);
      if (!isAnswered(response)) reply(response, { status, headers: { ...headers }, body });
      discardRest(request);
      return undefined;
    }
  }
}
