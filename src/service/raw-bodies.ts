import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const MEBIBYTE = 1024 * 1024;
/** The largest body that any route takes: a batch of events. */
export const LARGEST_BODY = 8 * MEBIBYTE;
const BATCHES = '/admin/v1/events/batch';

/**
 * Keeps every body as its raw bytes, whatever its content type: the routes parse what they want, once, and answer 415
 * themselves. Fastify's own parser would parse first, and refuse payloads for keys that are none of its business. No more is read than the
 * route can use: bodies come before anybody is known to have sent them.
 */
export function keepRawBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    route.bodyLimit = route.url === BATCHES ? LARGEST_BODY : MEBIBYTE;
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    Object.assign(request, { rawBody: body });
    done(null, undefined);
  });
}
