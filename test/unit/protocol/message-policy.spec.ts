import { describe, expect, it } from '@jest/globals';
import { contentDigest } from '../../../src/protocol/content-digest.js';
import { keyIdOf } from '../../../src/protocol/key-id.js';
import { COVERED, hmacOfBase, signatureBase } from '../../../src/protocol/message-signature.js';
import { prepareSecret } from '../../../src/protocol/secrets.js';
import { verifyMessageSignature } from '../../../src/protocol/verify-message.js';
import { BODY, ID, messageHeaders, OTHER, PUBLIC_KEY, SECRET, T } from './signed-schemes.js';

const url = 'https://hooks.example.com/hooks/in?a=1&b=%20';
const values: Record<string, string> = {
  '@method': 'POST',
  '@authority': 'hooks.example.com',
  '@path': '/hooks/in',
  '@query': '?a=1&b=%20',
  '@status': '200',
  'content-digest': contentDigest(BODY),
  'content-type': 'application/json',
  'webhook-id': ID,
  'webhook-timestamp': String(T),
  'x-more': 'more',
};
const secret = prepareSecret(SECRET);
const keyid = keyIdOf(secret);
const PARAMETERS = `;created=${T};expires=${T + 300};keyid="${keyid}";alg="hmac-sha256";tag="signpost"`;

/** Headers that whoever has the key signed, over whatever it wanted and saying of itself what it wanted. */
function signed(names: readonly string[], parameters = PARAMETERS): Record<string, string> {
  if (secret.scheme !== 'v1') throw new Error('not a shared secret');
  const params = `(${names.map((name) => (name.startsWith('"') ? name : `"${name}"`)).join(' ')})${parameters}`;
  const bare = (name: string) => name.replace(/"([^"]*)".*/, '$1');
  const base = signatureBase(
    names.map((name) => [bare(name), values[bare(name)] ?? '']),
    params,
  );
  return {
    'content-digest': values['content-digest'] ?? '',
    'signature-input': `sig1=${params}`,
    signature: `sig1=:${hmacOfBase(secret.key, base).toString('base64')}:`,
  };
}

function verify(headers: Record<string, string>, keys: string | string[] = SECRET) {
  const all = {
    'content-type': 'application/json',
    'webhook-id': ID,
    'webhook-timestamp': String(T),
    'x-more': 'more',
    ...headers,
  };
  return verifyMessageSignature({ method: 'POST', url, headers: all, body: BODY }, keys, { now: () => T * 1_000 });
}

describe('a message that its key signed', () => {
  it('is accepted as Signpost signs it, in any order, with more than that, without an end and with a nonce', () => {
    const accepted = { id: ID, timestamp: T };
    expect(verify(signed(COVERED))).toEqual(accepted);
    expect(verify(signed([...COVERED].reverse()))).toEqual(accepted);
    expect(verify(signed([...COVERED, 'x-more']))).toEqual(accepted);
    expect(verify(signed(COVERED, PARAMETERS.replace(/;expires=\d+/, ';nonce="n"')))).toEqual(accepted);
  });

  it.each([
    ...COVERED.map((missing) => [`without ${missing}`, COVERED.filter((name) => name !== missing)] as const),
    ['with a component twice', ['@method', ...COVERED]] as const,
    ['with a component of the response', [...COVERED, '@status']] as const,
    ['with a header that is not there', [...COVERED, 'x-none']] as const,
    ['with a component that has a parameter', [...COVERED, '"x-more";bs']] as const,
    ['with a component of another request', ['"@method";req', ...COVERED.slice(1)]] as const,
  ])('is refused %s', (_, names) => {
    expect(() => verify(signed(names))).toThrow(expect.objectContaining({ name: 'SignatureError' }));
  });

  it.each([
    ['for something else', PARAMETERS.replace('"signpost"', '"payments"')],
    ['for nothing in particular', PARAMETERS.replace(';tag="signpost"', '')],
    ['under another algorithm', PARAMETERS.replace('hmac-sha256', 'ed25519')],
    ['under an algorithm that it does not name', PARAMETERS.replace(';alg="hmac-sha256"', '')],
    ['at another time than its header says', PARAMETERS.replace(`created=${T}`, `created=${T - 1}`)],
    ['at a time that it does not say', PARAMETERS.replace(`;created=${T}`, '')],
    ['for a time that is over', PARAMETERS.replace(/expires=\d+/, `expires=${T - 1}`)],
    ['with an end in words', PARAMETERS.replace(/expires=\d+/, 'expires="never"')],
    ['with a parameter that is not known', `${PARAMETERS};x`],
  ])('%s is refused', (_, parameters) => {
    expect(() => verify(signed(COVERED, parameters))).toThrow(expect.objectContaining({ name: 'SignatureError' }));
  });

  it('is refused with the public key taken for a secret', () => {
    expect(() => verify(signed(COVERED), PUBLIC_KEY)).toThrow('names one of the keys');
  });
});

describe('a message that two keys signed', () => {
  const both = messageHeaders(BODY, T, [{ key: prepareSecret(OTHER) }, { key: secret }]);

  it('is accepted with either and with both', () => {
    for (const keys of [OTHER, SECRET, [SECRET, OTHER]]) expect(verify(both, keys)).toEqual({ id: ID, timestamp: T });
  });

  it('is refused when one of two that are known is wrong, and accepted without that key', () => {
    const wrong = { ...both, signature: String(both['signature']).replace(/sig1=:[^:]*/, `sig1=:${'A'.repeat(43)}=`) };
    expect(() => verify(wrong, [SECRET, OTHER])).toThrow(expect.objectContaining({ code: 'no_matching_signature' }));
    expect(verify(wrong, SECRET)).toEqual({ id: ID, timestamp: T });
  });
});
