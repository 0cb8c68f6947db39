import { Controller, Inject, Post, Req, Res, SetMetadata, type Type, VERSION_NEUTRAL } from '@nestjs/common';
import type { BodyRequest } from '../../http/raw-body.js';
import { reply } from '../../http/reply.js';
import { SignalRoute } from './signal-route.js';

/** What `@RouteConfig()` of `@nestjs/platform-fastify` sets; it need not be installed. Nest copies it to the handler that a router gets. */
export const ROUTE_CONFIG = '__fastify_route_config__';

/** What a signal route is told by, whatever prefixes the application puts before its path. */
export interface SignalRouteConfig {
  signpostSignals?: string;
}

/** The route of one producer's signals. A class for each, since a controller has its path from its class. */
export function signalController(path: string, decorators: readonly ClassDecorator[]): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  class SignalController {
    constructor(@Inject(SignalRoute) private readonly route: SignalRoute) {}

    @Post()
    @SetMetadata(ROUTE_CONFIG, { signpostSignals: path } satisfies SignalRouteConfig)
    receive(@Req() request: BodyRequest, @Res() response: unknown): void {
      const { status, headers, body } = this.route.accept(request);
      reply(response, { status, headers: { ...headers }, body });
    }
  }
  for (const decorate of decorators) decorate(SignalController);
  return SignalController;
}
