import type { IncomingMessage, ServerResponse } from 'node:http';

/** A layer of an Express router; a route's own handlers are layers as well. */
interface ExpressLayer {
  handle: () => unknown;
  route?: { path: string; stack: ExpressLayer[] };
}

/** The part of an Express application that is used here. */
export interface ExpressLike {
  router: { stack: ExpressLayer[] };
  post(
    path: string,
    handler: (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void,
  ): unknown;
}

export interface FastifyRequestLike {
  raw: IncomingMessage;
  headers: Record<string, string | string[] | undefined>;
  routeOptions: { config?: object };
}

/** The part of a Fastify instance that is used here. */
export interface FastifyLike {
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequestLike, reply: unknown, payload: unknown, done: (error?: Error) => void) => void,
  ): unknown;
}
