import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSignalAcceptor,
  type SignalAcceptor,
  type SignalAcceptorOptions,
  type SignalVerdict,
} from './signal-acceptor.js';
import { discardRest, readSignalBody } from './signal-body.js';
import { SignalRequestError } from './signal-request-error.js';

/** As the acceptor's, and a limit for slow senders. */
export interface SignalHandlerOptions extends SignalAcceptorOptions {
  /** Time for the whole body of a request, in ms; slower senders are cut. Default 10,000. */
  bodyTimeoutMs?: number;
}

export const BODY_TIMEOUT_MS = 10_000;

/**
 * A handler for `http.createServer` or any router that hands on Node's own request and response, with the body unread. It answers every request
 * it gets, whatever the path; anything but a POST with 405.
 *
 * @throws SignatureError `bad_secret`, when it is made
 */
export function nodeSignalHandler(
  options: SignalHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const acceptor = createSignalAcceptor(options);
  const { bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  return (request, response) =>
    answerSignal(acceptor, request, response, () =>
      readSignalBody(request, request.headers['content-length'], bodyTimeoutMs),
    );
}

/** Answers through Node's own response. `body` gets the raw bytes. */
export function answerSignal(
  acceptor: SignalAcceptor,
  request: IncomingMessage,
  response: ServerResponse,
  body: () => Promise<Uint8Array>,
): void {
  verdictOn(acceptor, request, body).then(
    ({ status, headers, body: text }) => {
      if (response.destroyed) return;
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
      discardRest(request);
    },
    (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
  );
}

/** What to answer, whether the body can be had or not. */
export async function verdictOn(
  acceptor: SignalAcceptor,
  request: IncomingMessage,
  body: () => Promise<Uint8Array>,
): Promise<SignalVerdict> {
  if (request.method !== 'POST') {
    return acceptor.refuse(new SignalRequestError('method_not_allowed', 'Signals come by POST; this was not one'));
  }
  let bytes: Uint8Array;
  try {
    bytes = await body();
  } catch (error) {
    if (error instanceof SignalRequestError) return acceptor.refuse(error);
    throw error;
  }
  // Requests that a test injects are not Node's own and know no headersDistinct.
  const distinct = request.headersDistinct as IncomingMessage['headersDistinct'] | undefined;
  return acceptor.accept({ headers: distinct ?? request.headers, body: bytes });
}
