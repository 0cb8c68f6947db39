import { createHmac, createPrivateKey, createSecretKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { contentDigest, requireDigest } from '../../../src/protocol/content-digest.js';
import { signHub, verifyHubSignature, type HubAlgorithm } from '../../../src/protocol/hub-signature.js';
import { keyIdOf } from '../../../src/protocol/key-id.js';
import { hmacOfBase, signatureBase, splitTarget } from '../../../src/protocol/message-signature.js';
import { parseByteSequences, parseCoveredLists } from '../../../src/protocol/structured-fields.js';
import vectors from '../../support/vectors/signature-vectors.json' with { type: 'json' };

const { stripe, convoy, outpost } = {
  stripe: vectors['stripe-computed'],
  convoy: vectors['convoy-advanced'],
  outpost: vectors.outpost,
};
const trap = vectors['facebook-unicode-trap'];
const github = vectors['github-256'];
const facebook = vectors['facebook-computed-raw'];

describe('hub signatures', () => {
  it.each<[string, HubAlgorithm, string, string, string]>([
    ['of GitHub', 'sha256', github.secret, github.payload, github.signature],
    ['of GitHub, SHA-1', 'sha1', github.secret, github.payload, vectors['github-sha1-computed'].signature],
    ['of Octokit', 'sha256', vectors.octokit.secret, vectors.octokit.payload, vectors.octokit.signature],
    ['of Facebook', 'sha1', facebook.secret, facebook.payload, facebook.sha1],
    ['of Facebook, SHA-256', 'sha256', facebook.secret, facebook.payload, facebook.sha256],
    ['of escaped text', 'sha256', trap.secret, trap.payloadEscaped, `sha256=${trap.sha256Escaped}`],
    ['of the same text decoded', 'sha256', trap.secret, trap.payloadDecoded, `sha256=${trap.sha256Decoded}`],
    // HMACs of other schemes: the same primitive over what those sign.
    ['as Stripe', 'sha256', stripe.secret, `${stripe.timestamp}.${stripe.payload}`, hex(stripe.header)],
    ['as Convoy', 'sha256', convoy.secret, convoy.signed.replace('<payload>', convoy.payload), hex(convoy.header)],
    ['as Convoy, simple', 'sha256', convoy.secret, convoy.payload, `sha256=${convoy.simpleHex}`],
    ['as Outpost', 'sha256', outpost.secret, outpost.signed, `sha256=${outpost.hmacSha256Hex}`],
    ['as Outpost, SHA-1', 'sha1', outpost.secret, outpost.signed, `sha1=${outpost.hmacSha1Hex}`],
    // RFC 4231, section 4.3; RFC 2202, section 3.
    ['of RFC 4231', 'sha256', 'Jefe', vectors['rfc4231-tc2'].data, `sha256=${vectors['rfc4231-tc2'].hmacSha256}`],
    ['of RFC 2202', 'sha1', 'Jefe', vectors['rfc2202-tc2'].data, `sha1=${vectors['rfc2202-tc2'].hmacSha1}`],
  ])('%s are what we make and what we accept', (_, algorithm, secret, body, signature) => {
    const headers = { 'X-Hub-Signature-256': signature, 'X-Hub-Signature': signature };
    for (const bytes of [body, Buffer.from(body)]) {
      for (const key of [secret, createSecretKey(secret, 'utf8')]) {
        expect(signHub(algorithm, key, bytes)).toBe(signature);
        expect(() => verifyHubSignature(bytes, headers, ['another', key], algorithm)).not.toThrow();
        expect(() => verifyHubSignature(bytes, headers, 'another', algorithm)).toThrow('does not fit');
      }
    }
  });
});

describe('a hub signature', () => {
  it('is neither made nor checked without a secret', () => {
    const headers = { 'x-hub-signature-256': `sha256=${createHmac('sha256', '').update('{}').digest('hex')}` };
    expect(() => signHub('sha256', '', '{}')).toThrow('empty');
    for (const none of ['', [], ['secret', '']]) {
      expect(() => verifyHubSignature('{}', headers, none, 'sha256')).toThrow(
        expect.objectContaining({ code: 'bad_secret' }),
      );
    }
  });
});

describe('HTTP Message Signatures', () => {
  const b25 = vectors['rfc9421-b25-hmac'];
  const b26 = vectors['rfc9421-b26-ed25519'];
  const request = vectors['rfc9421-test-request'];
  const values = new Map([
    ['date', request.date],
    ['@method', request.method],
    ['@path', splitTarget(request.target).path],
    ['@authority', request.host],
    ['content-type', request.contentType],
    ['content-length', String(Buffer.byteLength(request.body))],
  ]);
  const baseOf = (input: string) => {
    const [covered] = parseCoveredLists(input)?.values() ?? [];
    if (!covered) throw new Error('not read');
    return signatureBase(
      covered.names.map((name) => [name, values.get(name) ?? '']),
      covered.text,
    );
  };
  const signatureOf = (field: string) => [...(parseByteSequences(field)?.values() ?? [])][0];

  it('have the base and the HMAC of RFC 9421, B.2.5', () => {
    expect(baseOf(b25.signatureInput)).toBe(b25.base);
    expect(hmacOfBase(createSecretKey(b25.keyBase64, 'base64'), b25.base)).toEqual(signatureOf(b25.signature));
  });

  it('have the base and the Ed25519 signature of RFC 9421, B.2.6', () => {
    expect(baseOf(b26.signatureInput)).toBe(b26.base);
    expect(sign(null, Buffer.from(b26.base), createPrivateKey(b26.privateKeyPem))).toEqual(signatureOf(b26.signature));
  });

  it('know path and query of the request of RFC 9421', () => {
    expect(splitTarget(request.target)).toEqual({ path: '/foo', query: '?param=Value&Pet=dog' });
    expect(splitTarget('/')).toEqual({ path: '/', query: '?' });
  });

  it('name a key by its thumbprint, as RFC 8037 has it', () => {
    // Appendix A.2 and A.3.
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(keyIdOf({ scheme: 'v1a', privateKey: null, publicKey })).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});

describe('content digests', () => {
  const { bodyWithLF, sha256, sha512, emptySha256 } = vectors.rfc9530;
  const request = vectors['rfc9421-test-request'];

  it.each([
    ['of RFC 9530', bodyWithLF, sha256],
    ['of nothing', '', emptySha256],
    ['of the request of RFC 9421', request.body, request.contentDigestSha256Computed],
  ])('%s are what we make and what we accept', (_, body, value) => {
    expect(contentDigest(body)).toBe(value);
    expect(contentDigest(Buffer.from(body))).toBe(value);
    expect(() => requireDigest(value, body)).not.toThrow();
    expect(() => requireDigest(value, `${body} `)).toThrow('another body');
  });

  it('by other hashes are not taken: what signs as Signpost does sends SHA-256', () => {
    expect(() => requireDigest(sha512, bodyWithLF)).toThrow('not one SHA-256');
    expect(() => requireDigest(request.contentDigest, request.body)).toThrow('not one SHA-256');
  });
});

/** The hexadecimal of a header like `t=…,v1=…`, as ours would write it. */
function hex(header: string): string {
  return `sha256=${header.slice(header.indexOf('v1=') + 3)}`;
}
