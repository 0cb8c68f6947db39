import type { Secret } from '../../protocol/secrets.js';
import { parseSignal, type Signal } from '../../protocol/signal.js';
import type { SignatureHeaders } from '../../protocol/signature-headers.js';
import { type VerifiedSignature, verifySignature, type VerifyOptions } from '../../protocol/verify.js';

/** A signal whose signature was checked. */
export type VerifiedSignal = Signal & {
  /** `webhook-id`: the same on every retry of this signal. */
  id: string;
  /** When this attempt was signed, in Unix seconds. */
  signedAt: number;
};

/**
 * Verifies a signal, then reads it; nothing is parsed before. Give it the body's raw bytes, the request itself (or its headers) and the
 * secrets of the endpoint that the request came to.
 *
 * @throws SignatureError answer it with a bare 401; its message is for your log
 * @throws InvalidSignalError with the reason `unknown_type`, answer 2xx and ignore it: a newer producer may have signals that this version
 * does not know. Otherwise answer 400
 */
export function verifySignal(
  rawBody: string | Uint8Array,
  headers: SignatureHeaders,
  secrets: Secret | readonly Secret[],
  options?: VerifyOptions,
): VerifiedSignal {
  return readSignal(rawBody, verifySignature(rawBody, headers, secrets, options));
}

/**
 * Reads a signal whose signature was checked.
 *
 * @throws InvalidSignalError
 */
export function readSignal(rawBody: string | Uint8Array, { id, timestamp }: VerifiedSignature): VerifiedSignal {
  const signal = parseSignal(typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8'));
  return { ...signal, id, signedAt: timestamp };
}
