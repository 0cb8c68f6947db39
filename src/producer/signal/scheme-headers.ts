import { HEADER, MEDIA_TYPE } from '../../protocol/headers.js';
import { type HubAlgorithm, signHub } from '../../protocol/hub-signature.js';
import { type MessageKey, signMessage } from '../../protocol/message-signature.js';
import { type PreparedSecret, secretText } from '../../protocol/secrets.js';
import { SignatureError } from '../../protocol/signature-error.js';
import { signStandard } from '../../protocol/standard-webhooks.js';
import type { SignalRequest } from './signal-sender.js';
import type { SignalKey } from './signing-secrets.js';
import type { TargetUrl } from './target-url.js';

/**
 * Adds the headers of the request's signature scheme, made over the exact body.
 *
 * @param secrets the live ones, newest first
 * @param timestamp Unix seconds of this attempt
 * @throws SignatureError
 */
export function addSignature(
  headers: string[],
  request: SignalRequest,
  target: TargetUrl,
  secrets: readonly PreparedSecret[],
  timestamp: string,
): void {
  const { id, body, signature = 'standard' } = request;
  switch (signature) {
    case 'standard':
      headers.push(HEADER.webhookSignature, signStandard({ id, timestamp, body, secrets }));
      return;
    case 'standard+ed25519': {
      const both = [...secrets, ...installationKeys(request).map(({ key }) => key)];
      headers.push(HEADER.webhookSignature, signStandard({ id, timestamp, body, secrets: both }));
      return;
    }
    case 'github':
      headers.push(HEADER.githubEvent, typeOf(body), HEADER.githubDelivery, id);
      if (request.endpoint !== undefined) headers.push(HEADER.githubHookId, request.endpoint);
      headers.push(HEADER.hubSignature256, hubSignature('sha256', request, secrets));
      return;
    case 'facebook':
      headers.push(HEADER.hubSignature, hubSignature('sha1', request, secrets));
      return;
    case 'rfc9421':
      addMessageSignature(
        headers,
        request,
        target,
        secrets.map((key) => ({ key })),
        timestamp,
      );
      return;
    case 'rfc9421+ed25519': {
      const own = installationKeys(request).map(({ kid, key }) => ({ key, keyid: kid }));
      addMessageSignature(headers, request, target, [...secrets.map((key) => ({ key })), ...own], timestamp);
      return;
    }
  }
}

/** There is room for one signature: attempts take turns with the live secrets, so that a receiver with either verifies every other one. */
function hubSignature(
  algorithm: HubAlgorithm,
  { body, attempt = 1 }: SignalRequest,
  secrets: readonly PreparedSecret[],
): string {
  const secret = secrets[(attempt - 1) % secrets.length];
  if (secret?.scheme !== 'v1') throw new SignatureError('bad_secret', 'There is no secret to sign with');
  return signHub(algorithm, secretText(secret), body);
}

function addMessageSignature(
  headers: string[],
  { id, body }: SignalRequest,
  { origin, path }: TargetUrl,
  keys: readonly MessageKey[],
  timestamp: string,
): void {
  const signed = signMessage(
    {
      method: 'POST',
      // An origin is scheme://authority, in the form that the request's `host` has.
      authority: origin.slice(origin.indexOf('//') + 2),
      target: path,
      contentType: MEDIA_TYPE.json,
      id,
      timestamp,
      body,
    },
    keys,
  );
  headers.push(HEADER.contentDigest, signed.contentDigest);
  headers.push(HEADER.signatureInput, signed.signatureInput, HEADER.signature, signed.signature);
}

/** Rather no signal than one without the signature that the endpoint was set to: its receiver may trust nothing else. */
function installationKeys({ signalKeys = [] }: SignalRequest): readonly SignalKey[] {
  if (signalKeys.length === 0)
    throw new SignatureError('bad_secret', 'There is no key of the installation to sign with');
  return signalKeys;
}

/** Every signal's text begins with its type (compose.ts). */
const TYPE = /^\{"type":"([a-z._]+)"/;

function typeOf(body: string | Buffer): string {
  const begin = typeof body === 'string' ? body : body.toString('latin1', 0, 100);
  return TYPE.exec(begin)?.[1] ?? 'unknown';
}
