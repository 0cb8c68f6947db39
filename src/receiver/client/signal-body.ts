import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { LARGEST_SIGNAL, tooLarge } from './signal-acceptor.js';
import { SignalRequestError } from './signal-request-error.js';

/** How long a sender of more than a signal may go on after the answer, in ms. */
const DISCARD_MS = 5_000;

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
 * would take the answer from it as well; then the connection is cut.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.readableEnded) return;
  request.on('error', () => undefined);
  request.resume();
  const timer = setTimeout(() => request.destroy(), DISCARD_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
