import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SignatureErrorCode } from '../../../src/protocol/signature-error.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
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

/** The signature with its value put through a change. */
const value = (change: (text: string) => string, signature = V1) => {
  const comma = signature.indexOf(',') + 1;
  return signature.slice(0, comma) + change(signature.slice(comma));
};
const flipped = (text: string, bit: number) => {
  const bytes = Buffer.from(text);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
};
const swapCase = (text: string) =>
  text.replace(/[a-zA-Z]/g, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()));
/** The same bytes in another spelling: the spare bits of the last digit set. */
const spareBits = (text: string) => {
  const last = text.replace(/=+$/, '').slice(-1);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return text.replace(/.(=+)$/, (_all, padding: string) => (alphabet[alphabet.indexOf(last) + 1] ?? '') + padding);
};
describe('a request that was tampered with', () => {
  it.each<[string, Partial<Attempt>, SignatureErrorCode]>([
    // The body.
    ['first bit of the body', { body: flipped(BODY, 0) }, 'no_matching_signature'],
    ['last bit of the body', { body: flipped(BODY, BODY.length * 8 - 1) }, 'no_matching_signature'],
    ['body cut by a byte', { body: BODY.slice(0, -1) }, 'no_matching_signature'],
    ['body longer by a line break', { body: `${BODY}\n` }, 'no_matching_signature'],
    ['body with a byte order mark', { body: `\uFEFF${BODY}` }, 'no_matching_signature'],
    ['body without anything', { body: '' }, 'no_matching_signature'],
    ['body written anew with spaces', { body: JSON.stringify(JSON.parse(BODY), null, 1) }, 'no_matching_signature'],
    [
      'body with its members in another order',
      { body: '{"data":{"more":false},"type":"events.available"}' },
      'no_matching_signature',
    ],
    ['body with a value flipped', { body: BODY.replace('false', 'true') }, 'no_matching_signature'],
    ['body twice', { body: BODY + BODY }, 'no_matching_signature'],
    ['body in UTF-16', { body: Buffer.from(BODY, 'utf16le') }, 'no_matching_signature'],
    ['parsed body', { body: JSON.parse(BODY) as string }, 'body_not_raw'],
    ['no body', { body: undefined as unknown as string }, 'body_not_raw'],
    // The id.
    ['another id', { id: `${ID}x` }, 'no_matching_signature'],
    ['id in capitals', { id: ID.toUpperCase() }, 'no_matching_signature'],
    ['id with white space after it', { id: `${ID} ` }, 'bad_id'],
    ['id with a line break', { id: `${ID}\n` }, 'bad_id'],
    ['id with a full stop', { id: `${ID}.` }, 'bad_id'],
    ['id with a comma', { id: `${ID},${ID}` }, 'bad_id'],
    ['id beyond ASCII', { id: 'sig_ä' }, 'bad_id'],
    ['id of 257 characters', { id: 'a'.repeat(257) }, 'bad_id'],
    ['no id', { id: undefined }, 'missing_header'],
    ['id twice', { id: [ID, ID] }, 'repeated_header'],
    ['id twice, joined', { id: `${ID}, ${ID}` }, 'repeated_header'],
    // The timestamp.
    ['timestamp a second later', { timestamp: String(T + 1) }, 'no_matching_signature'],
    ['timestamp refreshed for a replay', { timestamp: String(T + 400), now: T + 400 }, 'no_matching_signature'],
    ['timestamp with a plus', { timestamp: `+${T}` }, 'bad_timestamp'],
    ['timestamp with a minus', { timestamp: `-${T}` }, 'bad_timestamp'],
    ['timestamp with a leading zero', { timestamp: `0${T}` }, 'bad_timestamp'],
    ['timestamp with a space before', { timestamp: ` ${T}` }, 'bad_timestamp'],
    ['timestamp with a line break after', { timestamp: `${T}\n` }, 'bad_timestamp'],
    ['timestamp with a fraction', { timestamp: `${T}.0` }, 'bad_timestamp'],
    ['timestamp in milliseconds', { timestamp: `${T}000` }, 'bad_timestamp'],
    ['timestamp with text after it', { timestamp: `${T}x` }, 'bad_timestamp'],
    ['timestamp in hexadecimal', { timestamp: '0x6037bb32' }, 'bad_timestamp'],
    ['timestamp as a power', { timestamp: '1614265.3e3' }, 'bad_timestamp'],
    ['timestamp in other digits', { timestamp: '١٦١٤٢٦٥٣٣٠' }, 'bad_timestamp'],
    ['timestamp that is no number', { timestamp: 'NaN' }, 'bad_timestamp'],
    ['no timestamp', { timestamp: undefined }, 'missing_header'],
    ['timestamp twice', { timestamp: [String(T), String(T)] }, 'repeated_header'],
    ['timestamp twice, joined', { timestamp: `${T}, ${T}` }, 'repeated_header'],
    // The clock.
    ['301 s old', { now: T + 301 }, 'timestamp_too_old'],
    ['301 s from now', { now: T - 301 }, 'timestamp_too_new'],
    ['300.001 s from now', { now: T - 300.001 }, 'timestamp_too_new'],
    ['11 s old with a tolerance of 10 s', { now: T + 11, tolerance: 10 }, 'timestamp_too_old'],
    ['a year old', { now: T + 31_536_000 }, 'timestamp_too_old'],
    ['from the year 2286', { timestamp: '9999999999' }, 'timestamp_too_new'],
    ['a clock that says nothing', { now: Number.NaN }, 'timestamp_too_old'],
    // Bytes that move between id, timestamp and body, so that what is signed stays the same text.
    ['timestamp moved into the id', { id: `${ID}.${T}`, timestamp: BODY }, 'bad_id'],
    ['body begun in the timestamp', { timestamp: `${T}.{`, body: BODY.slice(1) }, 'bad_timestamp'],
    ['timestamp ended in the body', { timestamp: String(T).slice(0, 9), body: `0.${BODY}` }, 'bad_timestamp'],
    ['id ended in the timestamp', { id: ID.slice(0, -1), timestamp: `q.${T}` }, 'bad_timestamp'],
    [
      'a second timestamp moved from the body into its place',
      { id: `${ID}.${T}`, timestamp: String(T + 9), signature: signedAs(ID, T, `${T + 9}.${BODY}`) },
      'bad_id',
    ],
    ['id and timestamp changed round', { id: String(T), timestamp: ID }, 'bad_timestamp'],
    // The signature.
    ['no signature', { signature: undefined }, 'missing_header'],
    ['empty signature', { signature: '' }, 'missing_header'],
    ['signature header twice', { signature: [V1, V1] }, 'repeated_header'],
    ['signature header twice, joined', { signature: `${V1}, ${V1}` }, 'repeated_header'],
    ['scheme without a value', { signature: 'v1,' }, 'malformed_signature'],
    ['scheme without a comma', { signature: 'v1' }, 'malformed_signature'],
    ['value without a scheme', { signature: V1.slice('v1,'.length) }, 'malformed_signature'],
    ['value with an empty scheme', { signature: V1.slice('v1'.length) }, 'malformed_signature'],
    ['signature cut by a character', { signature: V1.slice(0, -1) }, 'malformed_signature'],
    ['signature cut to half', { signature: V1.slice(0, 24) }, 'malformed_signature'],
    ['signature cut to one byte', { signature: 'v1,QQ==' }, 'malformed_signature'],
    ['signature value twice in one', { signature: value((text) => text + text) }, 'malformed_signature'],
    ['signature twice without a space', { signature: V1 + V1 }, 'malformed_signature'],
    ['signature with two spaces between', { signature: `${FOREIGN}  ${V1}` }, 'malformed_signature'],
    ['signature with a space after', { signature: `${V1} ` }, 'malformed_signature'],
    ['signature with a tab for a space', { signature: `${FOREIGN}\t${V1}` }, 'malformed_signature'],
    ['signature with a line break after', { signature: `${V1}\n` }, 'malformed_signature'],
    ['signatures delimited by commas', { signature: `${FOREIGN},${V1}` }, 'malformed_signature'],
    ['signature with a space behind the comma', { signature: V1.replace(',', ', ') }, 'repeated_header'],
    ['signature without padding', { signature: value((text) => text.replace('=', '')) }, 'malformed_signature'],
    ['signature with padding too much', { signature: `${V1}=` }, 'malformed_signature'],
    [
      'signature in the URL-safe alphabet',
      { signature: value((text) => text.replaceAll('/', '_').replaceAll('+', '-')), ...withSigns() },
      'malformed_signature',
    ],
    ['signature with spare bits set', { signature: value(spareBits) }, 'no_matching_signature'],
    ['signature in other case', { signature: value(swapCase) }, 'no_matching_signature'],
    [
      'signature in hexadecimal',
      { signature: value((text) => Buffer.from(text, 'base64').toString('hex')) },
      'malformed_signature',
    ],
    ['signature of zeros', { signature: value(() => Buffer.alloc(32).toString('base64')) }, 'no_matching_signature'],
    ['scheme in capitals', { signature: V1.replace('v1', 'V1') }, 'no_matching_signature'],
    ['scheme that is not known', { signature: V1.replace('v1', 'v2') }, 'no_matching_signature'],
    ['HMAC under the other scheme', { signature: V1.replace('v1', 'v1a') }, 'malformed_signature'],
    ['eleven candidates, ours first', { signature: `${V1}${` ${FOREIGN}`.repeat(10)}` }, 'too_many_signatures'],
    ['ten thousand candidates', { signature: `${FOREIGN} `.repeat(10_000) + V1 }, 'too_many_signatures'],
    // The secret.
    ['secret of somebody else', { secrets: OTHER }, 'no_matching_signature'],
    ['signed with a secret of somebody else', { signature: FOREIGN }, 'no_matching_signature'],
    ['secret with its prefix as a part of the key', { signature: prefixAsKey() }, 'no_matching_signature'],
    ['only a public key to check an HMAC with', { secrets: PUBLIC_KEY }, 'no_matching_signature'],
    ['secret with white space', { secrets: `${SECRET} ` }, 'bad_secret'],
    ['no secret', { secrets: [] }, 'bad_secret'],
    ['one bad secret beside the good one', { secrets: [SECRET, 'whsec_'] }, 'bad_secret'],
  ])('is refused: %s', (_what, changes, code) => {
    expect(outcome(changes)).toBe(code);
  });

  it.each<[string, Partial<Attempt>, SignatureErrorCode]>([
    ['a bit of the body', { body: flipped(BODY, 77) }, 'no_matching_signature'],
    ['another id', { id: `${ID}x` }, 'no_matching_signature'],
    ['another timestamp', { timestamp: String(T + 1) }, 'no_matching_signature'],
    ['another key', { secrets: OTHER_PUBLIC_KEY }, 'no_matching_signature'],
    ['the public key as an HMAC secret', { signature: publicKeyAsHmac() }, 'no_matching_signature'],
    ['signature cut', { signature: V1A.slice(0, -4) }, 'malformed_signature'],
    ['signature without padding', { signature: V1A.replace(/=+$/, '') }, 'malformed_signature'],
    ['signature with spare bits set', { signature: value(spareBits, V1A) }, 'no_matching_signature'],
    ['signature of zeros', { signature: `v1a,${Buffer.alloc(64).toString('base64')}` }, 'no_matching_signature'],
    ['signature with its scalar raised by the group order', { signature: raisedScalar() }, 'no_matching_signature'],
    ['signature under the other scheme', { signature: V1A.replace('v1a', 'v1') }, 'malformed_signature'],
    ['only an HMAC secret', { secrets: SECRET }, 'no_matching_signature'],
  ])('is refused under Ed25519: %s', (_what, changes, code) => {
    expect(outcome(changes, honestEd)).toBe(code);
  });

  it('is refused for each single bit of body and signature', () => {
    for (const base of [honest, honestEd]) {
      for (let bit = 0; bit < BODY.length * 8; bit++)
        expect(outcome({ body: flipped(BODY, bit) }, base)).not.toBe('accepted');
      const signature = String(base.signature);
      const comma = signature.indexOf(',') + 1;
      const bytes = Buffer.from(signature.slice(comma), 'base64');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(outcome({ signature: signature.slice(0, comma) + changed.toString('base64') }, base)).not.toBe(
          'accepted',
        );
      }
    }
  });

  it('is refused whatever stands in the headers, and only ever with a SignatureError', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(ID, String(T), V1A, FOREIGN, `${V1} ${FOREIGN}`),
    );
    fc.assert(
      fc.property(anything, anything, anything, (id, timestamp, signature) => {
        fc.pre(!(id === ID && timestamp === String(T) && signature.includes(V1)));
        const result = attempt({ ...honest, id, timestamp, signature });
        expect(result).toMatchObject({ name: 'SignatureError' });
      }),
      { numRuns: 1_000 },
    );
  });
});

/** A body whose signature has a digit that the URL-safe alphabet spells otherwise, with that signature spelt so. */
function withSigns(): Partial<Attempt> {
  for (let count = 0; ; count++) {
    const body = `{"n":${count}}`;
    const signature = signedAs(ID, T, body);
    if (/[+/]/.test(signature)) return { body, signature: signature.replaceAll('/', '_').replaceAll('+', '-') };
  }
}

/** Signed with the secret's text instead of the bytes that it stands for. */
function prefixAsKey(): string {
  const misread = `whsec_${Buffer.from(SECRET).toString('base64')}`;
  return signStandard({ id: ID, timestamp: T, body: BODY, secrets: [misread] });
}

/** The public key is public: whoever has it must not be able to sign with it as if it were a shared secret. */
function publicKeyAsHmac(): string {
  const shared = PUBLIC_KEY.replace('whpk_', 'whsec_');
  return signStandard({ id: ID, timestamp: T, body: BODY, secrets: [shared] });
}

/** RFC 8032, section 5.1.7: S must be below the group order L; S + L would satisfy the equation as well. */
function raisedScalar(): string {
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
  const bytes = Buffer.from(V1A.slice('v1a,'.length), 'base64');
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order;
  const raised = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
  return `v1a,${Buffer.concat([bytes.subarray(0, 32), raised]).toString('base64')}`;
}
