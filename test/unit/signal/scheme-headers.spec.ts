import { describe, expect, it } from '@jest/globals';
import type { EndpointId, SignalId } from '../../../src/protocol/ids.js';
import { signHub } from '../../../src/protocol/hub-signature.js';
import { generateSecret, prepareSecret } from '../../../src/protocol/secrets.js';
import type { SignatureScheme } from '../../../src/protocol/signature-schemes.js';
import { verifyMessageSignature } from '../../../src/protocol/verify-message.js';
import { signedHeaders } from '../../../src/producer/signal/signal-headers.js';
import type { SignalRequest } from '../../../src/producer/signal/signal-sender.js';
import { parseTargetUrl } from '../../../src/producer/signal/target-url.js';

const NOW = 1_795_455_002_999;
const texts = [generateSecret(), generateSecret(), generateSecret()] as const;
const body = '{"type":"endpoint.test","data":{}}';

function headersOf(signature: SignatureScheme, more: Partial<SignalRequest> = {}, now = NOW): Record<string, string> {
  const request: SignalRequest = {
    url: 'https://example.com/in',
    id: 'sig_01h2xcejqtf2nbrexx3vqjhp41' as SignalId,
    endpoint: 'ep_01h2xcejqtf2nbrexx3vqjhp41' as EndpointId,
    body,
    secrets: texts.map((text) => ({ key: prepareSecret(text), expiresAt: null })),
    signature,
    ...more,
  };
  const flat = signedHeaders(request, parseTargetUrl(request.url), 'Signpost/1', now);
  const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []));
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return Object.fromEntries(pairs);
}

describe('the headers of a signature scheme', () => {
  it.each<[SignatureScheme, string[]]>([
    ['standard', ['webhook-signature']],
    ['github', ['x-github-event', 'x-github-delivery', 'x-github-hook-id', 'x-hub-signature-256']],
    ['facebook', ['x-hub-signature']],
    ['rfc9421', ['content-digest', 'signature-input', 'signature']],
  ])('%s are its own and no other', (scheme, own) => {
    const always = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp'];
    expect(Object.keys(headersOf(scheme)).sort()).toEqual([...always, ...own].sort());
  });

  it.each<SignatureScheme>(['standard+ed25519', 'rfc9421+ed25519'])(
    '%s are not made without the key of the installation: nothing is sent with less than was asked for',
    (scheme) => {
      expect(() => headersOf(scheme)).toThrow(expect.objectContaining({ code: 'bad_secret' }));
      expect(() => headersOf(scheme, { signalKeys: [] })).toThrow(expect.objectContaining({ code: 'bad_secret' }));
    },
  );

  it.each<SignatureScheme>(['standard', 'github', 'facebook', 'rfc9421'])(
    '%s are not made without a secret',
    (scheme) => {
      expect(() => headersOf(scheme, { secrets: [] })).toThrow(expect.objectContaining({ code: 'bad_secret' }));
    },
  );

  it.each([
    ['github', 'sha256', 'x-hub-signature-256'],
    ['facebook', 'sha1', 'x-hub-signature'],
  ] as const)('%s take turns with the live secrets, the newest first', (scheme, algorithm, name) => {
    const made = [1, 2, 3, 4].map((attempt) => headersOf(scheme, { attempt })[name]);
    expect(made).toEqual([0, 1, 2, 0].map((turn) => signHub(algorithm, texts[turn] ?? '', body)));
  });

  it('are made with the secrets that are live at that very moment', () => {
    const secrets = texts.map((text, index) => ({
      key: prepareSecret(text),
      expiresAt: index === 0 ? null : NOW + index,
    }));
    const count = (now: number) => headersOf('standard', { secrets }, now)['webhook-signature']?.split(' ').length;
    expect([count(NOW), count(NOW + 1), count(NOW + 2)]).toEqual([3, 2, 1]);
  });

  it.each([
    ['https://example.com', 'https://example.com/'],
    ['https://EXAMPLE.com:443/a/../b', 'https://example.com/b'],
    ['https://example.com:8443/a?', 'https://example.com:8443/a'],
    ['http://127.0.0.1:8080/a?b=c&d', 'http://127.0.0.1:8080/a?b=c&d'],
    ['http://[2606:4700::1111]:80/%7Ea?b=%20+', 'http://[2606:4700::1111]/%7Ea?b=%20+'],
  ])('rfc9421 cover %s as it is called', (url, called) => {
    const message = { method: 'POST', url: called, headers: headersOf('rfc9421', { url }), body };
    for (const text of texts) expect(() => verifyMessageSignature(message, text, { now: () => NOW })).not.toThrow();
    expect(() => verifyMessageSignature(message, [...texts], { now: () => NOW })).not.toThrow();
  });

  it('github name the type of the signal, whatever it is', () => {
    for (const type of ['events.available', 'endpoint.disabled', 'endpoint.verification']) {
      for (const text of [`{"type":"${type}"}`, Buffer.from(`{"type":"${type}"}`)]) {
        expect(headersOf('github', { body: text })['x-github-event']).toBe(type);
      }
    }
  });
});
