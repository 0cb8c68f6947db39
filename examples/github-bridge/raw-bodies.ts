import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Keeps every body as its raw bytes, whatever its content type. Signatures are over these bytes, and nothing may be parsed before it was
 * verified: a parser that ran first would spend its time on anybody's request. Signpost's own routes read the raw bytes as well.
 */
export function keepRawBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    Object.assign(request, { rawBody: body });
    done(null, undefined);
  });
}
