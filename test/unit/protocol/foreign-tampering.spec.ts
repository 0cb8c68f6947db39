import { describe, expect, it } from '@jest/globals';
import {
  type ForeignVerifier,
  messageSignatures,
  nobleV1a,
  octokit,
  standardwebhooks,
  svix,
  xHubSignature,
} from '../../support/foreign-verifiers.js';
import { manipulated, manipulationsOf } from './manipulations.js';
import { honest, type Scheme, SCHEMES, type Signed } from './signed-schemes.js';

/** As Node hands a request over: of a header that came twice, joined values. */
function received({ headers, body, url, method }: Signed) {
  const joined = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')] as const);
  return {
    method,
    url,
    body: body.toString(),
    headers: Object.fromEntries(joined.filter(([, value]) => value !== '')),
  };
}

/** What each library takes for well signed although it was changed. Ours takes none of these; whoever uses a library should know them. */
const REPEATED = ['the signature twice', 'the signature twice, joined'];
const SPACED = ['a space before the signature', 'a space after the signature'];
/** They read the timestamp as `parseInt` does. */
const STANDARD = [
  ...REPEATED,
  ...SPACED,
  'a comma after the signature',
  'timestamp with a zero before it',
  'timestamp with a fraction',
  'timestamp twice',
];
/** Node's decoder of base64 forgives much; and Structured Fields are read as liberally as their RFC has it. */
const MESSAGES = [...REPEATED, ...SPACED, 'a tab after the signature'];
const FIELDS = [
  'without =, or with 0x',
  'id with a space after it',
  'the method in lower case',
  'signature-input twice',
  'a parameter twice',
  'two spaces between components',
  'a space before a parameter',
];

const ACCEPTED: [library: string, scheme: string, verify: ForeignVerifier, accepted: string[]][] = [
  ['standardwebhooks', 'standard', standardwebhooks, STANDARD],
  ['svix', 'standard', svix, STANDARD],
  [
    '@noble/ed25519, by hand',
    'standard+ed25519',
    nobleV1a,
    [
      ...REPEATED,
      'the signature twice, without anything between',
      ...SPACED,
      'a tab after the signature',
      'a line break after the signature',
      'a comma after the signature',
      'cut by a character',
      'twice in one',
      'with = too much',
      'without =, or with 0x',
    ],
  ],
  ['@octokit/webhooks-methods', 'github', octokit, []],
  ['x-hub-signature', 'facebook', xHubSignature, []],
  [
    'http-message-signatures',
    'rfc9421',
    messageSignatures(),
    [
      ...MESSAGES,
      'cut by a character',
      ...FIELDS,
      'the same key twice',
      'a right signature beside a wrong one by a key that is known as well',
    ],
  ],
  ['http-message-signatures', 'rfc9421+ed25519', messageSignatures(), [...MESSAGES, ...FIELDS]],
];

describe('tampered requests', () => {
  it.each(ACCEPTED)('%s (%s) takes only what is known of it', async (_library, name, verify, accepted) => {
    const scheme = SCHEMES.find((one): one is Scheme => one.name === name);
    if (!scheme) throw new Error(name);
    expect(await verify(received(honest(scheme)), scheme.key)).toBe(true);
    const taken: string[] = [];
    for (const manipulation of manipulationsOf(scheme)) {
      const { key, ...request } = manipulated(scheme, manipulation);
      // The library's clock is the machine's.
      if (request.now !== honest(scheme).now) continue;
      if (await verify(received({ ...request, key }), key).catch(() => false)) taken.push(manipulation[0]);
    }
    expect(taken).toEqual(accepted);
  });
});
