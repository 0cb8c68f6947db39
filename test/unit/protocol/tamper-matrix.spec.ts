import { Hmac } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createSignalAcceptor } from '../../../src/receiver/client/signal-acceptor.js';
import { BODY_CHANGES, manipulated, manipulationsOf } from './manipulations.js';
import { honest, ID, outcome, SCHEMES, SECRET, T, type Scheme } from './signed-schemes.js';

const schemes = SCHEMES.map((scheme) => [scheme.name, scheme] as const);
const named = (name: string): Scheme => {
  const scheme = SCHEMES.find((one) => one.name === name);
  if (!scheme) throw new Error(name);
  return scheme;
};

describe.each(schemes)('a request in the scheme %s', (_name, scheme) => {
  it('is accepted as it was sent, with its body as text and as bytes, and with others of its key', () => {
    const request = honest(scheme);
    expect(outcome(scheme, request)).toBe('accepted');
    expect(outcome(scheme, { ...request, body: Buffer.from(String(request.body)) })).toBe('accepted');
  });

  it.each(manipulationsOf(scheme))('is refused with %s', (_what, change) => {
    expect(outcome(scheme, manipulated(scheme, [_what, change]))).not.toBe('accepted');
  });

  it('is tried in some 60 ways, each of which changes something', () => {
    const tried = manipulationsOf(scheme);
    expect(tried.length).toBeGreaterThanOrEqual(58);
    expect(new Set(tried.map(([name]) => name)).size).toBe(tried.length);
    const asSent = JSON.stringify(honest(scheme));
    for (const manipulation of tried) {
      // JSON leaves out what is undefined, so a header that is gone shows as well.
      expect([manipulation[0], JSON.stringify(manipulated(scheme, manipulation)) === asSent]).toEqual([
        manipulation[0],
        false,
      ]);
    }
  });
});

describe.each(schemes.filter(([name]) => name !== 'github' && name !== 'facebook'))('the clock of %s', (_, scheme) => {
  it.each([
    [-301, 'timestamp_too_new'],
    [-300, 'accepted'],
    [0, 'accepted'],
    [300, 'accepted'],
    [301, 'timestamp_too_old'],
  ])('%i s off: %s', (seconds, expected) => {
    expect(outcome(scheme, { ...honest(scheme), now: T + seconds })).toBe(expected);
  });
});

describe.each(['github', 'facebook'])('the scheme %s covers the body alone, so by design', (name) => {
  const scheme = named(name);

  it('takes a replay, however old, and whatever id and time stand beside it', () => {
    const { headers, ...request } = honest(scheme);
    const replayed = { ...headers, 'webhook-id': `${ID}x`, 'webhook-timestamp': '1', 'x-github-event': 'other' };
    expect(outcome(scheme, { ...request, headers: replayed, now: T + 9_999_999 })).toBe('accepted');
  });
});

describe('HTTP Message Signatures by design', () => {
  const scheme = named('rfc9421');
  const request = honest(scheme);

  it('do not cover the scheme of the URL, which a proxy that ends TLS changes', () => {
    expect(outcome(scheme, { ...request, url: request.url.replace('https:', 'http:') })).toBe('accepted');
  });

  it('do not cover the label, and leave room for the signatures of proxies', () => {
    const { 'signature-input': input = '', signature = '' } = request.headers;
    const renamed = {
      'signature-input': `proxy=("@status";req);created=1;keyid="p\\"x";a=1.5;b=?1;c=tok;d=:AA==:;e, ${String(input).replace('sig1', 'x')}`,
      signature: [`proxy=:AAAA:`, String(signature).replace('sig1', 'x')],
    };
    expect(outcome(scheme, { ...request, headers: { ...request.headers, ...renamed } })).toBe('accepted');
  });
});

describe('the receiver', () => {
  it.each(manipulationsOf(named('standard')).filter(([name]) => !name.startsWith('a key')))(
    'answers %s with the same bare 401',
    (name, change) => {
      const { headers, body, now } = manipulated(named('standard'), [name, change]);
      const acceptor = createSignalAcceptor({ secrets: SECRET, now: () => now * 1_000 });
      const { status, headers: answered, body: text } = acceptor.accept({ headers, body: Buffer.from(body) });
      expect({ status, answered, text }).toEqual({ status: 401, answered: {}, text: '' });
    },
  );
});

describe('the work of a refusal', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each(schemes)('in the scheme %s is the same wherever the difference is', (_, scheme) => {
    const digest = jest.spyOn(Hmac.prototype, 'digest');
    const [before, after] = scheme.wrap;
    const request = honest(scheme);
    const text = String(request.headers[scheme.header]).slice(before.length, -after.length || undefined);
    const bytes = Buffer.from(text, scheme.encoding);
    const counts = new Set<number>();
    const count = (changed: Partial<typeof request>) => {
      digest.mockClear();
      expect(outcome(scheme, { ...request, ...changed })).toBe('no_matching_signature');
      counts.add(digest.mock.calls.length);
    };
    for (let at = 0; at < bytes.length; at++) {
      const wrong = Buffer.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      count({
        headers: { ...request.headers, [scheme.header]: `${before}${wrong.toString(scheme.encoding)}${after}` },
      });
    }
    for (const [name, change] of BODY_CHANGES) count(manipulated(scheme, [name, change]));
    expect([...counts]).toEqual([scheme.name.includes('ed25519') ? 0 : 1]);
  });
});
