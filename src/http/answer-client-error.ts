import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { MEDIA_TYPE } from '../protocol/headers.js';
import { problem, type ProblemCode } from '../protocol/problem.js';

/** What Node's parser refuses, by its code, and what the client is told. The rest is a request that is none. */
const REFUSALS: Readonly<Record<string, { code: ProblemCode; status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'invalid_request', status: 431, detail: 'The headers, or the URL, are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'invalid_request', status: 408, detail: 'The request did not arrive in time.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: 'payload_too_large',
    status: 413,
    detail: 'The chunk extensions are too long.',
  },
};
const MALFORMED = { code: 'invalid_request', status: 400, detail: 'This is no HTTP request.' } as const;

/**
 * For a server's `clientError`, or Fastify's `clientErrorHandler`: what never becomes a request is answered as a problem all the same, and the
 * connection is closed, as nobody knows where the next request would begin.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, status, detail } = REFUSALS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ ...problem(code, detail), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${MEDIA_TYPE.problem}\r\ncache-control: no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    // Whoever does not read this either is not waited for.
    () => socket.destroy(),
  );
}
