import type { Secret } from '../../../src/protocol/secrets.js';
import type { SignatureError, SignatureErrorCode } from '../../../src/protocol/signature-error.js';
import type { SignatureHeaders } from '../../../src/protocol/signature-headers.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
import { verifySignature } from '../../../src/protocol/verify.js';
import vectors from '../../support/vectors/signature-vectors.json' with { type: 'json' };

export const T = 1_614_265_330;
export const ID = 'sig_01h455vb4pex5vsknk084sn02q';
export const BODY = '{"type":"events.available","data":{"more":false}}';
export const SECRET = vectors['standard-webhooks-v1'].secret;
export const OTHER = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
export const SIGNING_KEY = vectors['svix-v1a-64byte-sk'].secretKey;
export const PUBLIC_KEY = vectors['svix-v1a-64byte-sk'].publicKey;
export const OTHER_PUBLIC_KEY = vectors['standard-webhooks-go-v1a-32byte-seed'].publicKeyDerived;

export const V1 = signStandard({ id: ID, timestamp: T, body: BODY, secrets: [SECRET] });
export const V1A = signStandard({ id: ID, timestamp: T, body: BODY, secrets: [SIGNING_KEY] });
export const FOREIGN = signStandard({ id: ID, timestamp: T, body: BODY, secrets: [OTHER] });

export interface Attempt {
  body: string | Uint8Array;
  id: string | string[] | undefined;
  timestamp: string | string[] | undefined;
  signature: string | string[] | undefined;
  secrets: Secret | readonly Secret[];
  /** Unix seconds. */
  now: number;
  tolerance?: number;
}

export const honest: Attempt = { body: BODY, id: ID, timestamp: String(T), signature: V1, secrets: SECRET, now: T };
export const honestEd: Attempt = { ...honest, signature: V1A, secrets: PUBLIC_KEY };

export function attempt({
  body,
  id,
  timestamp,
  signature,
  secrets,
  now,
  tolerance,
}: Attempt): SignatureError | 'accepted' {
  const headers: SignatureHeaders = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  };
  const options = { now: () => now * 1000, ...(tolerance === undefined ? {} : { toleranceSeconds: tolerance }) };
  try {
    verifySignature(body, headers, secrets, options);
    return 'accepted';
  } catch (error) {
    return error as SignatureError;
  }
}

export function outcome(changes: Partial<Attempt>, base = honest): SignatureErrorCode | 'accepted' {
  const result = attempt({ ...base, ...changes });
  return result === 'accepted' ? result : result.code;
}

export const signedAs = (id: string, timestamp: number, body: string) =>
  signStandard({ id, timestamp, body, secrets: [SECRET] });
