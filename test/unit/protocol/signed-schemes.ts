import { verifyHubSignature, signHub } from '../../../src/protocol/hub-signature.js';
import { keyIdOf } from '../../../src/protocol/key-id.js';
import { signMessage, type MessageKey } from '../../../src/protocol/message-signature.js';
import { prepareSecret } from '../../../src/protocol/secrets.js';
import { SignatureError } from '../../../src/protocol/signature-error.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
import { verifyMessageSignature } from '../../../src/protocol/verify-message.js';
import { verifySignature } from '../../../src/protocol/verify.js';
import vectors from '../../support/vectors/signature-vectors.json' with { type: 'json' };

/** Libraries have a clock of their own, so signatures are of today. */
export const T = Math.floor(Date.now() / 1_000);
export const ID = 'sig_01h455vb4pex5vsknk084sn02q';
export const BODY = '{"type":"events.available","data":{"n":1,"more":false}}';
export const SECRET = vectors['standard-webhooks-v1'].secret;
export const OTHER = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
export const PUBLIC_KEY = vectors['svix-v1a-64byte-sk'].publicKey;
export const OTHER_PUBLIC_KEY = vectors['standard-webhooks-go-v1a-32byte-seed'].publicKeyDerived;
const SIGNING_KEY = vectors['svix-v1a-64byte-sk'].secretKey;
const OTHER_SIGNING_KEY = vectors['standard-webhooks-go-v1a-32byte-seed'].seed;

/** A request and what it is verified with: what a test changes. */
export interface Signed {
  method: string;
  url: string;
  /** Names in lower case; a list: the header stands there so many times. */
  headers: Record<string, string | string[] | undefined>;
  body: string | Buffer;
  key: string;
  /** Unix seconds. */
  now: number;
}

/** One way of signing, with one key. */
export interface Scheme {
  name: string;
  /** The header that has the signature's value. */
  header: string;
  /** What stands around the value. */
  wrap: [before: string, after: string];
  encoding: 'base64' | 'hex';
  key: string;
  /** Somebody else's, and one of another kind. */
  wrongKeys: string[];
  /** The headers that make the signature, over a body at a time, with its own key or somebody else's. */
  sign(body: string, timestamp: number, foreign?: boolean): Record<string, string>;
  verify(request: Signed): void;
}

function standard(name: 'v1' | 'v1a', keys: [own: string, foreign: string], key: string, wrongKeys: string[]): Scheme {
  return {
    name: name === 'v1' ? 'standard' : 'standard+ed25519',
    header: 'webhook-signature',
    wrap: [`${name},`, ''],
    encoding: 'base64',
    key,
    wrongKeys,
    sign: (body, timestamp, foreign = false) => ({
      'webhook-signature': signStandard({ id: ID, timestamp, body, secrets: [foreign ? keys[1] : keys[0]] }),
    }),
    verify: ({ body, headers, key: own, now }) => void verifySignature(body, headers, own, { now: () => now * 1_000 }),
  };
}

function hub(name: 'github' | 'facebook', algorithm: 'sha256' | 'sha1', header: string): Scheme {
  return {
    name,
    header,
    wrap: [`${algorithm}=`, ''],
    encoding: 'hex',
    key: SECRET,
    wrongKeys: [OTHER, SECRET.slice('whsec_'.length), `${SECRET} `],
    sign: (body, _timestamp, foreign = false) => ({ [header]: signHub(algorithm, foreign ? OTHER : SECRET, body) }),
    verify: ({ body, headers, key }) => verifyHubSignature(body, headers, key, algorithm),
  };
}

function message(name: string, keys: [own: string, foreign: string], key: string, wrongKeys: string[]): Scheme {
  return {
    name,
    header: 'signature',
    wrap: ['sig1=:', ':'],
    encoding: 'base64',
    key,
    wrongKeys,
    sign: (body, timestamp, foreign = false) => {
      // Somebody else who says that it is the key of the endpoint.
      const keyid = keyIdOf(prepareSecret(keys[0]));
      return messageHeaders(body, timestamp, [{ key: prepareSecret(foreign ? keys[1] : keys[0]), keyid }]);
    },
    verify: ({ key: own, now, ...request }) => void verifyMessageSignature(request, own, { now: () => now * 1_000 }),
  };
}

export function messageHeaders(body: string, timestamp: number, keys: readonly MessageKey[]): Record<string, string> {
  const target = '/hooks/in?a=1&b=%20';
  const content = { id: ID, timestamp, body, method: 'POST', authority: 'hooks.example.com', target };
  const signed = signMessage({ ...content, contentType: 'application/json' }, keys);
  return {
    'content-digest': signed.contentDigest,
    'signature-input': signed.signatureInput,
    signature: signed.signature,
  };
}

export const SCHEMES: Scheme[] = [
  standard('v1', [SECRET, OTHER], SECRET, [OTHER, PUBLIC_KEY]),
  standard('v1a', [SIGNING_KEY, OTHER_SIGNING_KEY], PUBLIC_KEY, [OTHER_PUBLIC_KEY, SECRET]),
  hub('github', 'sha256', 'x-hub-signature-256'),
  hub('facebook', 'sha1', 'x-hub-signature'),
  message('rfc9421', [SECRET, OTHER], SECRET, [OTHER, PUBLIC_KEY]),
  message('rfc9421+ed25519', [SIGNING_KEY, OTHER_SIGNING_KEY], PUBLIC_KEY, [OTHER_PUBLIC_KEY, SECRET]),
];

/** A request as Signpost sends it. */
export function honest(scheme: Scheme, body = BODY): Signed {
  return {
    method: 'POST',
    url: 'https://hooks.example.com/hooks/in?a=1&b=%20',
    headers: {
      'content-type': 'application/json',
      'webhook-id': ID,
      'webhook-timestamp': String(T),
      ...scheme.sign(body, T),
    },
    body,
    key: scheme.key,
    now: T,
  };
}

export function outcome(scheme: Scheme, request: Signed): string {
  try {
    scheme.verify(request);
    return 'accepted';
  } catch (error) {
    if (error instanceof SignatureError) return error.code;
    throw error;
  }
}
