import { createHash } from 'node:crypto';
import { verifyAsync } from '@noble/ed25519';
import { verify as octokitVerify } from '@octokit/webhooks-methods';
import { createVerifier, httpbis } from 'http-message-signatures';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import XHubSignature from 'x-hub-signature';
import { keyIdOf } from '../../src/protocol/key-id.js';
import { prepareSecret } from '../../src/protocol/secrets.js';

/** A request as a receiver has it. */
export interface Received {
  /** Default POST. */
  method?: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Whether a library that is not ours takes the request for one that was signed with the secret (`whsec_…`). */
export type ForeignVerifier = (request: Received, secret: string) => Promise<boolean>;

const one = ({ headers }: Received, name: string): string => String(headers[name] ?? '');

function ofStandardWebhooks(Library: typeof SvixWebhook | typeof StandardWebhook): ForeignVerifier {
  return ({ body, headers }, secret) =>
    passes(() => new Library(secret).verify(body, headers as Record<string, string>));
}

export const standardwebhooks = ofStandardWebhooks(StandardWebhook);
export const svix = ofStandardWebhooks(SvixWebhook);

/** No library of today verifies `v1a`; this is its definition, on an Ed25519 that is not Node's. The "secret" is the `whpk_…`. */
export const nobleV1a: ForeignVerifier = async (request, publicKey) => {
  const signed = `${one(request, 'webhook-id')}.${one(request, 'webhook-timestamp')}.${request.body}`;
  const key = Buffer.from(publicKey.replace('whpk_', ''), 'base64');
  for (const part of one(request, 'webhook-signature').split(' ')) {
    if (!part.startsWith('v1a,')) continue;
    if (await verifyAsync(Buffer.from(part.slice(4), 'base64'), Buffer.from(signed), key)) return true;
  }
  return false;
};

export const octokit: ForeignVerifier = (request, secret) =>
  octokitVerify(secret, request.body, one(request, 'x-hub-signature-256'));

export const xHubSignature: ForeignVerifier = (request, secret) =>
  passes(() => {
    const hub = new XHubSignature('sha1', secret);
    if (!hub.verify(one(request, 'x-hub-signature'), request.body)) throw new Error('not signed with it');
  });

/** By the package http-message-signatures; `secret` is a `whsec_…` or a `whpk_…`, `keyid` what its signature names it by. */
export function messageSignatures(keyid?: string): ForeignVerifier {
  return async (request, secret) => {
    const key = prepareSecret(secret);
    const verifier =
      key.scheme === 'v1'
        ? createVerifier(key.key.export(), 'hmac-sha256')
        : createVerifier(key.publicKey.export({ format: 'pem', type: 'spki' }), 'ed25519');
    const named = keyid ?? keyIdOf(key);
    const known = {
      id: named,
      algs: [key.scheme === 'v1' ? ('hmac-sha256' as const) : ('ed25519' as const)],
      verify: verifier,
    };
    const digest = `sha-256=:${createHash('sha256').update(request.body).digest('base64')}:`;
    if (one(request, 'content-digest') !== digest) return false;
    try {
      const verified = await httpbis.verifyMessage(
        {
          keyLookup: (params) => Promise.resolve(params.keyid === named ? known : null),
          requiredParams: ['created', 'keyid', 'alg', 'tag'],
          requiredFields: ['@method', '@authority', '@path', '@query', 'content-digest', 'webhook-id'],
          tolerance: 300,
        },
        { method: request.method ?? 'POST', url: request.url, headers: request.headers as Record<string, string> },
      );
      return verified === true;
    } catch {
      return false;
    }
  };
}

async function passes(check: () => unknown): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}
