import { prepareSecret, type Secret } from '../../protocol/secrets.js';
import { SignatureError } from '../../protocol/signature-error.js';
import type { SignatureHeaders } from '../../protocol/signature-headers.js';
import { InvalidSignalError } from '../../protocol/signal.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { verifySignature } from '../../protocol/verify.js';
import { headerValues } from './header-values.js';
import { SeenSignals } from './seen-signals.js';
import { SignalRequestError, type SignalRequestErrorCode } from './signal-request-error.js';
import { readSignal, type VerifiedSignal } from './verify-signal.js';

/** Bytes of a signal, at most. 250 event ids with their types are about 45 KB. */
export const LARGEST_SIGNAL = 256 * 1024;

/** Why a request was refused: for the log, never for whoever sent it. */
export type SignalRefusal = SignatureError | InvalidSignalError | SignalRequestError;

/** What signals are verified with, and what happens with them. */
export interface SignalAcceptorOptions {
  /** The endpoint's signing secrets: `whsec_…` or `whpk_…`, several while one is being replaced. */
  secrets: Secret | readonly Secret[];
  /** How far a signal's timestamp may be from now, in either direction, in seconds. Default 300. */
  toleranceSeconds?: number;
  /** The clock, in Unix milliseconds. Default `Date.now`. */
  now?: () => number;
  /**
   * Called with every good signal, before the request is answered and without being awaited: note that there is something to read, and read it
   * elsewhere. A verification challenge is answered without it.
   */
  onSignal?: (signal: VerifiedSignal) => unknown;
  /** Called with the reason for each refusal; its message is a hint for the log. */
  onRefused?: (refusal: SignalRefusal) => unknown;
  /** Called with what one of the others threw or rejected with. Default: a process warning. */
  onError?: (error: unknown) => unknown;
}

/** What to answer. An empty body goes with no content type. */
export interface SignalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The answer, and what led to it: `accepted` (`onSignal` was called), `challenged` (the answer repeats the producer's challenge), `ignored`
 * (well signed, of a type that this version does not know) or `refused`.
 */
export type SignalVerdict = SignalAnswer &
  (
    | { readonly outcome: 'accepted' | 'challenged'; readonly signal: VerifiedSignal }
    | { readonly outcome: 'ignored' }
    | { readonly outcome: 'refused'; readonly refusal: SignalRefusal }
  );

/** A request to the signal route, as far as it matters. */
export interface SignalRequest {
  /** A Node request (best: its `headersDistinct` keeps repeated headers apart), a Fetch `Headers`, or a record. */
  headers: SignatureHeaders;
  /** The body's raw bytes. */
  body: Uint8Array;
}

/** Answers requests to the signal route of one endpoint. */
export interface SignalAcceptor {
  accept(request: SignalRequest): SignalVerdict;
  /** For a request whose body could not be had: reports the reason and says what to answer. */
  refuse(refusal: SignalRefusal): SignalVerdict;
}

const STATUS_OF_REQUEST_ERROR: Readonly<Record<SignalRequestErrorCode, number>> = {
  method_not_allowed: 405,
  not_json: 415,
  encoded: 415,
  too_large: 413,
  too_slow: 408,
  cut_off: 400,
  // The receiver's own mistake: a 5xx makes the producer try again until it is mended.
  body_already_parsed: 500,
};

const HEADERS_OF_STATUS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  405: { allow: 'POST' },
  408: { connection: 'close' },
};

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;
/** JSON is UTF-8 (RFC 8259, section 8.1). */
const OTHER_CHARSET = /;[ \t]*charset[ \t]*=[ \t]*"?(?!utf-?8"?[ \t]*(?:;|$))/i;

/**
 * The framework-free core of every adapter: what to answer to a request, and nothing about how. Every failure of the signature gets the same
 * bare 401; which it was goes to `onRefused` alone. Nothing is parsed before it was verified. An exact copy of a request that was taken
 * before is refused as well, as far as this process remembers: for as long as its time is near enough.
 *
 * @throws SignatureError `bad_secret`, when it is made
 */
export function createSignalAcceptor(options: SignalAcceptorOptions): SignalAcceptor {
  const { onSignal, onRefused, onError = warn, now = Date.now, toleranceSeconds = 300 } = options;
  // Once, so that a bad secret stops the start and not the first signal.
  const secrets = [options.secrets].flat().map(prepareSecret);
  if (secrets.length === 0) throw new SignatureError('bad_secret', 'There is no secret to verify signals with');
  if (!(toleranceSeconds >= 0)) throw new RangeError('toleranceSeconds is a number of seconds, 0 or more');

  const seen = new SeenSignals(toleranceSeconds);

  const refuse = (refusal: SignalRefusal): SignalVerdict => {
    tell(onRefused, refusal, onError);
    const status = statusOf(refusal);
    return { status, headers: HEADERS_OF_STATUS[status] ?? {}, body: '', outcome: 'refused', refusal };
  };

  const accept = ({ headers, body }: SignalRequest): SignalVerdict => {
    const refusal = fault(headers, body);
    if (refusal) return refuse(refusal);
    let signal: VerifiedSignal;
    try {
      const verified = verifySignature(body, headers, secrets, { now, toleranceSeconds });
      if (!seen.add(verified.id, verified.timestamp, Math.floor(now() / 1_000))) return refuse(replayed());
      signal = readSignal(body, verified);
    } catch (error) {
      if (error instanceof InvalidSignalError && error.reason === 'unknown_type') {
        return { status: 202, headers: {}, body: '', outcome: 'ignored' };
      }
      if (error instanceof SignatureError || error instanceof InvalidSignalError) return refuse(error);
      throw error;
    }
    if (signal.type === 'endpoint.verification') {
      const challenge = JSON.stringify({ challenge: signal.data.challenge });
      return {
        status: 200,
        headers: { 'content-type': MEDIA_TYPE.json },
        body: challenge,
        outcome: 'challenged',
        signal,
      };
    }
    tell(onSignal, signal, onError);
    return { status: 202, headers: {}, body: '', outcome: 'accepted', signal };
  };

  return { accept, refuse };
}

function fault(headers: SignatureHeaders, body: Uint8Array): SignalRequestError | undefined {
  const [type = '', ...others] = headerValues(headers, 'content-type');
  if (others.length > 0 || !JSON_TYPE.test(type)) {
    return new SignalRequestError('not_json', 'The content-type is not application/json: not a signal of a Signpost');
  }
  if (OTHER_CHARSET.test(type)) {
    return new SignalRequestError(
      'not_json',
      'The content-type names another charset than UTF-8: not a signal of a Signpost',
    );
  }
  if (headerValues(headers, 'content-encoding').some((encoding) => encoding.toLowerCase() !== 'identity')) {
    return new SignalRequestError(
      'encoded',
      'The body has a content-encoding: no signal has one. Did a proxy compress it?',
    );
  }
  // What is no bytes at all has no length to go by; the verification says what to do about it.
  if (body instanceof Uint8Array && body.length > LARGEST_SIGNAL) return tooLarge();
  return undefined;
}

function replayed(): SignatureError {
  return new SignatureError(
    'replayed',
    'An exact copy of this request was taken before; a retry is signed anew. Was it replayed, or sent again by a proxy?',
  );
}

export function tooLarge(): SignalRequestError {
  return new SignalRequestError('too_large', `The body has more than ${LARGEST_SIGNAL} bytes: no signal is that long`);
}

function statusOf(refusal: SignalRefusal): number {
  if (refusal instanceof SignatureError) return 401;
  if (refusal instanceof InvalidSignalError) return 400;
  return STATUS_OF_REQUEST_ERROR[refusal.code];
}

/** The answer must not depend on what a callback does: what it throws or rejects with goes to `onError`. */
function tell<T>(callback: ((value: T) => unknown) | undefined, value: T, onError: (error: unknown) => unknown): void {
  const failed = async (error: unknown): Promise<void> => {
    try {
      await onError(error);
    } catch {
      warn(error);
    }
  };
  try {
    Promise.resolve(callback?.(value)).catch(failed);
  } catch (error) {
    void failed(error);
  }
}

function warn(error: unknown): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`A callback of the signal route failed; give onError to handle it. ${what}`, {
    code: 'SIGNPOST_SIGNAL_CALLBACK',
  });
}
