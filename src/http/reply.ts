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
  body: AnswerText;
}

/** A long text may come in pieces that follow each other. */
export type AnswerText = string | readonly string[];

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
  const [text = '', ...further] = typeof body === 'string' ? [body] : body;
  if (further.length > 0) return replyInPieces(raw, status, headers, [text, ...further]);
  // A 304 has no content: a length would be that of the representation (RFC 9110 §8.6).
  if (status !== 304) headers['content-length'] = String(Buffer.byteLength(text));
  raw.writeHead(status, headers);
  raw.end(text);
}

/** As bytes, since texts would be copied once more, all into one, before they are sent. */
function replyInPieces(
  raw: ServerResponse,
  status: number,
  headers: Record<string, string>,
  texts: readonly string[],
): void {
  const pieces = texts.map((text) => Buffer.from(text));
  headers['content-length'] = String(pieces.reduce((length, piece) => length + piece.length, 0));
  raw.writeHead(status, headers);
  for (const piece of pieces) raw.write(piece);
  raw.end();
}

/** Takes the response over for streaming; from here on only Node's own response may be written to. */
export function takeOver(response: unknown): ServerResponse {
  const raw = rawResponse(response);
  if (isFastifyReply(response)) {
    // What plugins and hooks of the host put on the reply (CORS, rate limits) would stay behind.
    for (const [name, value] of Object.entries(response.getHeaders())) {
      // What is on Node's own response already is among them, too.
      if (value !== undefined && raw.getHeader(name) !== value) raw.setHeader(name, value);
    }
    response.hijack();
  }
  return raw;
}
