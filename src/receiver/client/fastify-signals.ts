import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createSignalAcceptor } from './signal-acceptor.js';
import { discardRest, readSignalBody } from './signal-body.js';
import { BODY_TIMEOUT_MS, type SignalHandlerOptions, verdictOn } from './signal-handler.js';

/** The signal route of a Fastify application. */
export interface FastifySignalsOptions extends SignalHandlerOptions {
  /** Path of the signal route, such as `/signals`; a prefix given at registration comes before it. */
  path: string;
}

interface FastifyRequestLike {
  raw: IncomingMessage;
  body: unknown;
}

interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  headers(values: Record<string, string>): FastifyReplyLike;
  send(payload?: unknown): unknown;
}

type BodyParser = (request: unknown, payload: IncomingMessage, done: (error: null, body: unknown) => void) => void;

/** The part of a Fastify instance that is used here. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(contentType: string, parser: BodyParser): unknown;
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

/**
 * A plugin with the signal route: `app.register(fastifySignals({ path: '/signals', secrets, onSignal }))`. It leaves bodies unparsed in its own
 * scope only; the application's other routes keep their parsers.
 *
 * @throws SignatureError `bad_secret`, when it is made
 */
export function fastifySignals(options: FastifySignalsOptions): (app: FastifyLike) => Promise<void> {
  const acceptor = createSignalAcceptor(options);
  const { path, bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    app.all(path, async ({ raw, body: payload }, reply) => {
      const stream = payload instanceof Readable ? payload : raw;
      const verdict = await verdictOn(acceptor, raw, () =>
        readSignalBody(stream, raw.headers['content-length'], bodyTimeoutMs),
      );
      const { status, headers, body } = verdict;
      reply.code(status).headers({ ...headers });
      // Bytes, since Fastify adds a charset to the type of a text.
      await reply.send(body === '' ? undefined : Buffer.from(body));
      discardRest(raw);
      return reply;
    });
  };
}
