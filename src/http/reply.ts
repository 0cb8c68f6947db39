import type { ServerResponse } from 'node:http';

/** The part of a Fastify reply that is used here. */
interface FastifyReplyLike {
  raw: ServerResponse;
  sent: boolean;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  hijack(): unknown;
}

export interface Answer {
  status: number;
  /** The answer's own: its length is put in. */
  headers: Record<string, string>;
  body: string;
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
 * Answers with exactly these bytes and this content type, through Node's own response: `send` of Express would add a charset and a
 * weak ETag, and parse and compare for a 304; Fastify's adds a charset to the type of a text. A text goes out in one write
 * with its head, where bytes would take two.
 */
export function reply(response: unknown, { status, headers, body }: Answer): void {
  const raw = takeOver(response);
  // A 304 has no content: a length would be that of the representation (RFC 9110 §8.6).
  if (status !== 304) headers['content-length'] = String(Buffer.byteLength(body));
  raw.writeHead(status, headers);
  raw.end(body);
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
