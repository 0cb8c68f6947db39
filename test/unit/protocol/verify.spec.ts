import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { generateSecret } from '../../../src/protocol/secrets.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
import { verifySignature } from '../../../src/protocol/verify.js';
import {
  attempt,
  type Attempt,
  BODY,
  FOREIGN,
  honest,
  honestEd,
  ID,
  OTHER,
  OTHER_PUBLIC_KEY,
  outcome,
  PUBLIC_KEY,
  SECRET,
  signedAs,
  T,
  V1,
  V1A,
} from './signed-request.js';

describe('an honest request', () => {
  it.each<[string, Partial<Attempt>]>([
    ['as it is', {}],
    ['with its body as bytes', { body: Buffer.from(BODY) }],
    ['with its body as a Uint8Array', { body: new TextEncoder().encode(BODY) }],
    ['signed by several, ours last', { signature: `${FOREIGN} ${V1}` }],
    ['signed in a scheme that is not known, too', { signature: `v9,whatever ${V1}` }],
    ['signed in both schemes', { signature: `${V1} ${V1A}` }],
    ['with a broken candidate beside the good one', { signature: `v1,short ${V1}` }],
    ['as the tenth candidate', { signature: `${`${FOREIGN} `.repeat(9)}${V1}` }],
    ['with our secret last', { secrets: [OTHER, PUBLIC_KEY, SECRET] }],
    ['exactly 300 s old', { now: T + 300 }],
    ['exactly 300 s from now', { now: T - 300 }],
    ['300.999 s old by a clock with milliseconds, which are dropped', { now: T + 300.999 }],
    ['10 s old with a tolerance of 10 s', { now: T + 10, tolerance: 10 }],
    ['with no tolerance at all', { tolerance: 0 }],
  ])('is accepted %s', (_what, changes) => {
    expect(outcome(changes)).toBe('accepted');
  });

  it('is accepted when its body is empty', () => {
    expect(outcome({ body: '', signature: signedAs(ID, T, '') })).toBe('accepted');
  });

  it('signed with Ed25519 is accepted', () => {
    expect(outcome({}, honestEd)).toBe('accepted');
    expect(outcome({ secrets: [OTHER_PUBLIC_KEY, PUBLIC_KEY] }, honestEd)).toBe('accepted');
  });

  it('signed with a generated secret is accepted', () => {
    const secret = generateSecret();
    expect(
      outcome({ secrets: secret, signature: signStandard({ id: ID, timestamp: T, body: BODY, secrets: [secret] }) }),
    ).toBe('accepted');
  });
});

describe('a refusal', () => {
  it('says what to look at, and holds neither secret, nor expected signature, nor text of the request', () => {
    const canary = 'canary_in_the_request';
    const refused = [
      attempt({ ...honest, secrets: OTHER }),
      attempt({ ...honest, id: `${canary}.` }),
      attempt({ ...honest, timestamp: canary }),
      attempt({ ...honest, signature: canary }),
      attempt({ ...honest, signature: `v1,${canary}` }),
      attempt({ ...honest, signature: `${canary},x` }),
      attempt({ ...honest, body: `${BODY}${canary}` }),
    ];
    for (const error of refused) {
      const shown = inspect(error, { depth: 10, showHidden: true });
      expect(shown).toContain('SignatureError');
      for (const secret of [SECRET, OTHER, V1, FOREIGN, canary])
        expect(shown).not.toContain(secret.replace(/^(whsec_|v1,)/, ''));
    }
  });

  it.each<[string, Partial<Attempt>, RegExp]>([
    ['a parsed body', { body: {} as string }, /rawBody: true/],
    ['a signature that does not fit', { secrets: OTHER }, /secret of this endpoint.*raw bytes/],
    ['white space in the secret', { secrets: `${SECRET}\n` }, /white space/],
    ['an API key for a secret', { secrets: 'sp_key' }, /API key/],
    ['secrets of another scheme', { secrets: PUBLIC_KEY }, /whsec_ verifies v1, whpk_ and whsk_ verify v1a/],
    ['a slow clock', { now: T - 1_000 }, /clock slow/],
    ['an old request', { now: T + 1_000 }, /replayed/],
  ])('of %s teaches the remedy', (_what, changes, hint) => {
    const result = attempt({ ...honest, ...changes });
    expect(result).toMatchObject({ message: expect.stringMatching(hint) });
  });

  it.each([Number.NaN, -1])('comes from a tolerance of %d as a programming error', (tolerance) => {
    expect(() => attemptWith(tolerance)).toThrow(RangeError);
  });
});

function attemptWith(toleranceSeconds: number): void {
  const headers = { 'webhook-id': ID, 'webhook-timestamp': String(T), 'webhook-signature': V1 };
  verifySignature(BODY, headers, SECRET, { now: () => T * 1000, toleranceSeconds });
}
