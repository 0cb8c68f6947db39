import type { ServerResponse } from 'node:http';
import { createSignalAcceptor } from './signal-acceptor.js';
import { type ParsedRequestLike, unparsedBody } from './signal-body.js';
import { answerSignal, BODY_TIMEOUT_MS, type SignalHandlerOptions } from './signal-handler.js';
import { SignalRequestError } from './signal-request-error.js';

/** The part of an Express request that is used here. */
export type ExpressRequestLike = ParsedRequestLike;

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
      try {
        return await unparsedBody(request, bodyTimeoutMs);
      } catch (error) {
        const isParsed = error instanceof SignalRequestError && error.code === 'body_already_parsed';
        if (isParsed && !warned) process.emitWarning(error.message, { code: 'SIGNPOST_BODY_ALREADY_PARSED' });
        warned ||= isParsed;
        throw error;
      }
    });
}
