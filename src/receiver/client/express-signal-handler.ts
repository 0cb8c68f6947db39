import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSignalAcceptor } from './signal-acceptor.js';
import { readSignalBody } from './signal-body.js';
import { answerSignal, BODY_TIMEOUT_MS, type SignalHandlerOptions } from './signal-handler.js';
import { SignalRequestError } from './signal-request-error.js';

/** The part of an Express request that is used here. */
export interface ExpressRequestLike extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
}

/**
 * A handler for `app.post('/signals', …)`. It takes the raw bytes from `request.rawBody`, from `express.raw()`, or from the request itself if
 * nothing has read it. A body that `express.json()` has parsed cannot be verified any more: that is answered with 500, so that the
 * producer tries again, and said aloud once.
 *
 * @throws SignatureError `bad_secret`, when it is made
 */
export function expressSignalHandler(
  options: SignalHandlerOptions,
): (request: ExpressRequestLike, response: ServerResponse) => void {
  const acceptor = createSignalAcceptor(options);
  const { bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  let warned = false;
  return (request, response) =>
    answerSignal(acceptor, request, response, async () => {
      for (const bytes of [request.rawBody, request.body]) if (bytes instanceof Uint8Array) return bytes;
      if (!request.readableDidRead) {
        return readSignalBody(request, request.headers['content-length'], bodyTimeoutMs);
      }
      const error = alreadyParsed();
      if (!warned) process.emitWarning(error.message, { code: 'SIGNPOST_BODY_ALREADY_PARSED' });
      warned = true;
      throw error;
    });
}

function alreadyParsed(): SignalRequestError {
  return new SignalRequestError(
    'body_already_parsed',
    'The body of a signal was parsed before it could be verified; a parsed body, made text again, is not what was signed. Put the signal ' +
      'route before app.use(express.json()), or keep the bytes: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes } })',
  );
}
