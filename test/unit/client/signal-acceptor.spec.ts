import { describe, expect, it, jest } from '@jest/globals';
import {
  createSignalAcceptor,
  InvalidSignalError,
  LARGEST_SIGNAL,
  prepareSecret,
  SignatureError,
  type SignalAcceptorOptions,
  type SignalRefusal,
  type VerifiedSignal,
  verifySignal,
} from '../../../src/receiver/client/index.js';
import { generateSecret } from '../../../src/protocol/secrets.js';
import { until } from '../../support/until.js';
import { AVAILABLE, ENDPOINT, SECRET, SIGNAL_ID, signalBody, signedHeaders } from './signals.js';

const NOW = 1_795_455_002;

function acceptor(options: Partial<SignalAcceptorOptions> = {}) {
  const signals: VerifiedSignal[] = [];
  const refusals: SignalRefusal[] = [];
  const { accept } = createSignalAcceptor({
    secrets: SECRET,
    now: () => NOW * 1_000,
    onSignal: (signal) => signals.push(signal),
    onRefused: (refusal) => refusals.push(refusal),
    ...options,
  });
  return { accept, signals, refusals };
}

const signed = (body: string, timestamp = NOW) => ({
  headers: signedHeaders(body, { timestamp }) as Record<string, string | string[]>,
  body: Buffer.from(body),
});

describe('a good signal', () => {
  it('is answered 202 with nothing, and handed on once', () => {
    const { accept, signals } = acceptor();
    expect(accept(signed(AVAILABLE))).toMatchObject({ status: 202, headers: {}, body: '', outcome: 'accepted' });
    expect(signals).toEqual([{ ...(JSON.parse(AVAILABLE) as object), id: SIGNAL_ID, signedAt: NOW }]);
  });

  it.each(['endpoint.test', 'endpoint.enabled'])('may be of type %s', (type) => {
    const { accept, signals } = acceptor();
    expect(accept(signed(signalBody(type)))).toMatchObject({ status: 202, outcome: 'accepted' });
    expect(signals).toMatchObject([{ type, data: { endpoint: ENDPOINT } }]);
  });

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json ;charset=utf-8'])(
    'may come as %s',
    (type) => {
      const { headers, body } = signed(AVAILABLE);
      expect(acceptor().accept({ headers: { ...headers, 'content-type': type }, body }).status).toBe(202);
    },
  );

  it('may be signed with any of the secrets, prepared or not', () => {
    for (const secrets of [[generateSecret(), SECRET], [prepareSecret(SECRET)]]) {
      expect(acceptor({ secrets }).accept(signed(AVAILABLE)).status).toBe(202);
    }
  });

  it.each([-300, 300])('may be signed %i s from now', (age) => {
    expect(acceptor().accept(signed(AVAILABLE, NOW + age)).status).toBe(202);
  });

  it('may bring its headers as a Fetch Headers or with names in any case', () => {
    const { headers, body } = signed(AVAILABLE);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    for (const form of [new Headers(headers as Record<string, string>), upper]) {
      expect(acceptor().accept({ headers: form, body }).status).toBe(202);
    }
  });

  it('that is sent again is handed on again: repeats are told by the events, not by the signal', () => {
    const { accept, signals } = acceptor();
    accept(signed(AVAILABLE));
    expect(accept(signed(AVAILABLE, NOW + 5)).status).toBe(202);
    expect(signals.length).toBe(2);
  });
});

describe('an exact copy of a request that was taken', () => {
  const refused = { status: 401, body: '', headers: {} };

  it.each([
    ['a signal', AVAILABLE],
    ['a challenge', signalBody('endpoint.verification', { challenge: 'x' })],
    ['a signal that is not known', signalBody('odd')],
  ])('gets the same bare 401 as a forged one: %s', (_what, body) => {
    const { accept, signals, refusals } = acceptor();
    expect(accept(signed(body)).outcome).not.toBe('refused');
    const before = signals.length;
    expect(accept(signed(body))).toMatchObject(refused);
    expect(refusals).toMatchObject([{ code: 'replayed' }]);
    expect(signals.length).toBe(before);
  });

  it('is one whatever else its signature header holds', () => {
    const { accept } = acceptor();
    const { headers, body } = signed(AVAILABLE);
    accept({ headers, body });
    const more = { ...headers, 'webhook-signature': `v1,${'A'.repeat(43)}= ${String(headers['webhook-signature'])}` };
    expect(accept({ headers: more, body })).toMatchObject(refused);
  });

  it('is refused for as long as its time would let it in', () => {
    let now = NOW;
    const { accept, refusals } = acceptor({ now: () => now * 1_000 + 999 });
    accept(signed(AVAILABLE, NOW + 300));
    // Others come and are forgotten meanwhile; all have one id.
    for (now = NOW; now < NOW + 600; now++) if (now !== NOW + 300) accept(signed(AVAILABLE, now));
    accept(signed(AVAILABLE, NOW + 300));
    now += 1;
    accept(signed(AVAILABLE, NOW + 300));
    expect(refusals.map(({ code }) => code)).toEqual(['replayed', 'timestamp_too_old']);
  });

  it('is known by what was verified alone: a forged request does not shut out the one that it was made after', () => {
    const { accept } = acceptor();
    const { headers, body } = signed(AVAILABLE);
    expect(accept({ headers, body: Buffer.from('x') }).status).toBe(401);
    expect(accept({ headers, body }).status).toBe(202);
  });
});

describe('a verification challenge', () => {
  it('is repeated, and nothing else happens', () => {
    const { accept, signals } = acceptor();
    const challenge = 'quote " and </script>';
    expect(accept(signed(signalBody('endpoint.verification', { challenge })))).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ challenge }),
      outcome: 'challenged',
    });
    expect(signals).toEqual([]);
  });

  it('is not repeated to whoever cannot sign', () => {
    const body = Buffer.from(signalBody('endpoint.verification', { challenge: 'x' }));
    const headers = signedHeaders(body, { timestamp: NOW, secrets: [generateSecret()] });
    expect(acceptor().accept({ headers, body })).toMatchObject({ status: 401, body: '' });
  });
});

describe('a bad signature', () => {
  const good = signed(AVAILABLE);
  const forged = signedHeaders(AVAILABLE, { timestamp: NOW, secrets: [generateSecret()] });
  const repeated = (name: string) => ({ [name]: [String(good.headers[name]), String(good.headers[name])] });

  it.each<[string, { headers?: Record<string, string | string[]>; body?: Buffer; nowChange?: number }, string]>([
    ['forged', { headers: forged }, 'no_matching_signature'],
    ['altered body', { body: Buffer.from(AVAILABLE.replace('false', 'true')) }, 'no_matching_signature'],
    ['altered id', { headers: { 'webhook-id': 'sig_other' } }, 'no_matching_signature'],
    ['altered time', { headers: { 'webhook-timestamp': String(NOW + 1) } }, 'no_matching_signature'],
    ['replayed later', { nowChange: 301 }, 'timestamp_too_old'],
    ['from the future', { nowChange: -301 }, 'timestamp_too_new'],
    ['time in milliseconds', { headers: { 'webhook-timestamp': `${NOW}000` } }, 'bad_timestamp'],
    ['without id', { headers: { 'webhook-id': '' } }, 'missing_header'],
    ['without time', { headers: { 'webhook-timestamp': [] } }, 'missing_header'],
    ['without signature', { headers: { 'webhook-signature': [] } }, 'missing_header'],
    ['two ids', { headers: repeated('webhook-id') }, 'repeated_header'],
    ['two times', { headers: repeated('webhook-timestamp') }, 'repeated_header'],
    ['two signature headers', { headers: repeated('webhook-signature') }, 'repeated_header'],
    ['eleven signatures', { headers: { 'webhook-signature': 'v1,x '.repeat(11).trim() } }, 'too_many_signatures'],
    ['no body', { body: Buffer.alloc(0) }, 'no_matching_signature'],
    ['a parsed body', { body: JSON.parse(AVAILABLE) as Buffer }, 'body_not_raw'],
  ])('is the same bare 401, and its reason is for the log: %s', (_what, changes, code) => {
    const { nowChange = 0 } = changes;
    const { accept, signals, refusals } = acceptor({ now: () => (NOW + nowChange) * 1_000 });
    const answer = accept({ headers: { ...good.headers, ...changes.headers }, body: changes.body ?? good.body });
    const { status, headers, body } = answer;
    expect({ status, headers, body }).toEqual({ status: 401, headers: {}, body: '' });
    expect(refusals).toEqual([expect.any(SignatureError)]);
    expect(refusals).toMatchObject([{ code }]);
    expect(signals).toEqual([]);
  });

  it('comes before anything is parsed', () => {
    const { accept, refusals } = acceptor();
    const body = Buffer.from('{ not json');
    expect(accept({ headers: forged, body }).status).toBe(401);
    expect(refusals).toMatchObject([{ code: 'no_matching_signature' }]);
  });
});

describe('what is no signal', () => {
  it.each(['text/plain', 'application/jsonp', 'application/x-www-form-urlencoded', '', undefined])(
    'by its content type is answered 415: %s',
    (type) => {
      const { headers, body } = signed(AVAILABLE);
      const { accept, refusals, signals } = acceptor();
      const given = { ...headers, 'content-type': type };
      expect(accept({ headers: given, body })).toMatchObject({ status: 415, body: '', headers: {} });
      expect(refusals).toMatchObject([{ code: 'not_json' }]);
      expect(signals).toEqual([]);
    },
  );

  it('by its length is answered 413, however well it is signed', () => {
    const fits = signalBody('endpoint.test', { padding: '' });
    const padded = (length: number) => fits.replace('""', `"${'x'.repeat(length - fits.length)}"`);
    expect(acceptor().accept(signed(padded(LARGEST_SIGNAL))).status).toBe(202);
    expect(acceptor().accept(signed(padded(LARGEST_SIGNAL + 1)))).toMatchObject({ status: 413, body: '' });
  });

  it('of a type from the future is answered 202 and ignored', () => {
    const { accept, signals, refusals } = acceptor();
    const verdict = accept(signed(signalBody('events.compacted')));
    expect(verdict).toMatchObject({ status: 202, body: '', outcome: 'ignored' });
    expect([signals, refusals]).toEqual([[], []]);
  });

  it.each(['{ not json', '[]', '{}', signalBody('events.available'), signalBody('endpoint.verification')])(
    'though well signed is answered 400: %s',
    (body) => {
      const { accept, signals, refusals } = acceptor();
      expect(accept(signed(body))).toMatchObject({ status: 400, headers: {}, body: '' });
      expect(refusals).toEqual([expect.any(InvalidSignalError)]);
      expect(signals).toEqual([]);
    },
  );
});

describe('a callback', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('that %s changes no answer and goes to onError', async (_what, fail) => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const { accept } = acceptor({ onSignal: fail, onRefused: fail, onError });
    expect(accept(signed(AVAILABLE)).status).toBe(202);
    expect(accept({ ...signed(AVAILABLE), body: Buffer.from('x') }).status).toBe(401);
    await until(() => errors.length === 2, 'both errors');
    expect(errors).toEqual([new Error('mine'), new Error('mine')]);
  });

  it('that never ends keeps no answer back', () => {
    const { accept } = acceptor({ onSignal: () => new Promise(() => undefined) });
    expect(accept(signed(AVAILABLE)).status).toBe(202);
  });

  it('whose error nobody takes becomes a warning of the process', async () => {
    const warning = jest.spyOn(process, 'emitWarning').mockReturnValue();
    acceptor({ onSignal: () => Promise.reject(new Error('mine')) }).accept(signed(AVAILABLE));
    await until(() => warning.mock.calls.length > 0, 'the warning');
    const { calls } = warning.mock;
    warning.mockRestore();
    expect(calls).toEqual([[expect.stringContaining('mine'), { code: 'SIGNPOST_SIGNAL_CALLBACK' }]]);
  });
});

describe('an acceptor', () => {
  it.each([[''], ['whsec_short'], ['sp_key'], [[]], [[SECRET, 'whsec_short']]])(
    'is not made with the secret %j',
    (secrets) => {
      expect(() => createSignalAcceptor({ secrets })).toThrow(SignatureError);
    },
  );

  it.each([Number.NaN, -1])('is not made with a tolerance of %d s', (toleranceSeconds) => {
    expect(() => createSignalAcceptor({ secrets: SECRET, toleranceSeconds })).toThrow(RangeError);
  });
});

describe('verifying by hand', () => {
  const options = { now: () => NOW * 1_000 };

  it('gives the signal with its id and time, from text and from bytes', () => {
    const { headers } = signed(AVAILABLE);
    for (const body of [AVAILABLE, new TextEncoder().encode(AVAILABLE)]) {
      const signal = verifySignal(body, headers, SECRET, options);
      expect(signal).toMatchObject({ id: SIGNAL_ID, signedAt: NOW, type: 'events.available' });
    }
  });

  it('throws what teaches', () => {
    const { headers } = signed(AVAILABLE);
    expect(() => verifySignal(AVAILABLE, headers, generateSecret(), options)).toThrow(SignatureError);
    const odd = signalBody('odd');
    expect(() => verifySignal(odd, signed(odd).headers, SECRET, options)).toThrow(InvalidSignalError);
  });
});
