import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { LARGEST_SIGNAL, tooLarge } from './signal-acceptor.js';
import { SignalRequestError } from './signal-request-error.js';

/** How long a sender of more than a signal may go on after the answer, in ms. */
const DISCARD_MS = 5_000;

/** A request that may have been through body parsers. */
export interface ParsedRequestLike extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
}

/**
 * The raw bytes of a signal, as a parser kept them or from the request itself.
 *
 * @throws SignalRequestError `body_already_parsed`, and those of `readSignalBody`
 */
export async function unparsedBody(request: ParsedRequestLike, timeoutMs: number): Promise<Uint8Array> {
  for (const bytes of [request.rawBody, request.body]) if (bytes instanceof Uint8Array) return bytes;
  if (!request.readableDidRead) return readSignalBody(request, request.headers['content-length'], timeoutMs);
  throw new SignalRequestError(
    'body_already_parsed',
    'The body of a signal was parsed before it could be verified; a parsed body, made text again, is not what was signed. Put the signal ' +
      'route before app.use(express.json()), or keep the bytes: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes } })',
  );
}

/**
 * The raw bytes of a signal, as they come in.
 *
 * @param declaredLength the content-length, if there is one
 * @param timeoutMs for the whole body; a sender that drips would otherwise hold the connection
 * @throws SignalRequestError `too_large`, `too_slow`, `cut_off`
 */
export function readSignalBody(
  stream: Readable,
  declaredLength: string | undefined,
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > LARGEST_SIGNAL) settle(tooLarge());
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle();
    const onGone = (): void =>
      settle(new SignalRequestError('cut_off', 'The sender hung up in the middle of the body'));
    const timer = setTimeout(() => {
      settle(new SignalRequestError('too_slow', `The body did not come within ${timeoutMs} ms`));
    }, timeoutMs);
    const settle = (error?: SignalRequestError): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('close', onGone);
      // Not taken off: an error that nobody listens to would end the process.
      if (error) reject(error);
      else resolve(Buffer.concat(chunks, size));
    };
    if (Number(declaredLength ?? 0) > LARGEST_SIGNAL) {
      settle(tooLarge());
      return;
    }
    stream.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

/**
 * After the answer: what is still on its way is thrown away for a moment, since closing the connection under a sender that is still sending
 * would take the answer from it as well; then the connection is closed. Whoever sends such bodies is no producer, and an idle connection
 * of its own would hold up a shutdown.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.readableEnded) return;
  const { socket, httpVersionMajor } = request;
  request.on('error', () => undefined);
  // A connection of HTTP/2 carries other requests as well; what a test injects has none.
  request.once('end', () => httpVersionMajor === 1 && socket instanceof Socket && socket.end());
  request.resume();
  const timer = setTimeout(() => request.destroy(), DISCARD_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
