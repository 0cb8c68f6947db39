import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Keeps every body as its raw bytes, whatever its content type: the routes parse what they want, once, and answer 415
 * themselves. Fastify's own parser would parse first, and refuse payloads for keys that are none of its business.
 */
export function keepRawBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    Object.assign(request, { rawBody: body });
    done(null, undefined);
  });
}
