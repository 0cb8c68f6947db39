import type { IncomingMessage } from 'node:http';
import { ProblemException } from './problem-exception.js';

/** The parts of an Express or Fastify request that a body is read from. */
export interface BodyRequest {
  headers: Record<string, string | string[] | undefined> & { 'content-type'?: string | undefined };
  /** Set by Nest's body parsers under `rawBody: true`. */
  rawBody?: Buffer | undefined;
  body?: unknown;
  /** Fastify's way to Node's own request. */
  raw?: IncomingMessage;
}

/** A mistake of the application, not of the client: its fix goes to the log with the answer 500. */
export class RawBodyMissingError extends Error {
  readonly code = 'raw_body_missing';

  constructor() {
    super(
      'The raw body of the request is not there. Create the application with ' +
        'NestFactory.create(AppModule, { rawBody: true }), and let no other body parser run before it.',
    );
    this.name = 'RawBodyMissingError';
  }
}

/** The bytes of the body, at most `limit` of them; 413 beyond. */
export async function rawBody(request: BodyRequest, limit: number): Promise<Buffer> {
  const bytes = request.rawBody ?? (await unreadBody(request, limit));
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

/**
 * Express parses `application/json` only and leaves the stream of other types (`application/vnd.acme+json`) to whoever wants it.
 */
async function unreadBody(request: BodyRequest, limit: number): Promise<Buffer> {
  const stream = request.raw ?? (request as unknown as IncomingMessage);
  if (request.body !== undefined || typeof stream.on !== 'function' || stream.readableDidRead) {
    throw new ProblemException('internal', undefined, { cause: new RawBodyMissingError() });
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): ProblemException {
  return new ProblemException('payload_too_large', `The body may have ${limit} bytes at most; send less at a time.`);
}
