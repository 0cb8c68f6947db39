import type { ServerResponse } from 'node:http';

/** The part of a Fastify reply that is used here. */
interface FastifyReplyLike {
  raw: ServerResponse;
  sent: boolean;
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: Buffer | undefined): unknown;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  hijack(): unknown;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

function isFastifyReply(response: unknown): response is FastifyReplyLike {
  return typeof response === 'object' && response !== null && 'raw' in response && 'hijack' in response;
}

/** Node's own response under an Express response or a Fastify reply. */
export function rawResponse(response: unknown): ServerResponse {
  return isFastifyReply(response) ? response.raw : (response as ServerResponse);
}

/** Whether an answer is on its way, so that nothing more may be written. */
export function isAnswered(response: unknown): boolean {
  const raw = rawResponse(response);
  return raw.headersSent || raw.destroyed || (isFastifyReply(response) && response.sent);
}

/**
 * Answers through Express or Fastify with exactly these bytes and this content type: `res.send` of Express would add a
 * charset and a weak ETag of its own, and would parse and compare for a 304.
 */
export function reply(response: unknown, { status, headers, body }: Answer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  if (isFastifyReply(response)) {
    response.code(status);
    response.headers(headers);
    // Bytes, because Fastify adds a charset to the type of a text.
    // Given bytes, it would also name a type for the content that a 304 does not have.
    response.send(status === 304 ? undefined : bytes);
    return;
  }
  const raw = rawResponse(response);
  // A 304 has no content: a length would be that of the representation (RFC 9110 §8.6).
  const length = status === 304 ? {} : { 'content-length': String(bytes.length) };
  raw.writeHead(status, { ...headers, ...length });
  raw.end(bytes);
}

/** Takes the response over for streaming; from here on only Node's own response may be written to. */
export function takeOver(response: unknown): ServerResponse {
  const raw = rawResponse(response);
  if (isFastifyReply(response)) {
    // What plugins and hooks of the host put on the reply (CORS, rate limits) would stay behind.
    for (const [name, value] of Object.entries(response.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    response.hijack();
  }
  return raw;
}
