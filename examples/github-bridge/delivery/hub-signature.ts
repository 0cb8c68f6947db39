import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RawBodyRequest } from '@nestjs/common';
import { type HubAlgorithm, SignatureError, verifyHubSignature } from 'nestjs-signpost/client';
import { DeliveryRefusedError } from './delivery-refused.js';
import { headerValues } from './headers.js';

const ALGORITHM = { 'x-hub-signature-256': 'sha256', 'x-hub-signature': 'sha1' } as const satisfies Record<
  string,
  HubAlgorithm
>;

export type SignatureHeader = keyof typeof ALGORITHM;

/** A request of Fastify, as far as it matters. */
export type SignedRequest = RawBodyRequest<{ raw: IncomingMessage }>;

/**
 * The raw body, once its signature is known to be right under one of the secrets. Of the headers given, the first that is there decides: name the
 * stronger one first, and a right SHA-1 does not make up for a wrong SHA-256.
 *
 * @throws DeliveryRefusedError `bad_signature`, whatever is wrong
 */
export function verifiedBody(
  { raw, rawBody = Buffer.alloc(0) }: SignedRequest,
  headers: readonly SignatureHeader[],
  secrets: readonly KeyObject[],
): Buffer {
  const header = headers.find((name) => headerValues(raw, name).length > 0);
  if (header === undefined) {
    throw new DeliveryRefusedError(
      'bad_signature',
      `There is no ${headers.join(' or ')} header; is a secret set at the sender?`,
    );
  }
  try {
    verifyHubSignature(rawBody, { [header]: headerValues(raw, header) }, secrets, ALGORITHM[header]);
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new DeliveryRefusedError('bad_signature', cause.message, { cause });
  }
  return rawBody;
}
