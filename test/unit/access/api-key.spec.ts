import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { IdGenerator } from '../../../src/protocol/ids.js';
import {
  generateApiKey,
  hashApiKey,
  matchesHash,
  NO_KEY_HASH,
  parseApiKey,
} from '../../../src/producer/access/api-key.js';
import { presentedKey } from '../../../src/producer/access/authorization-header.js';

const ids = new IdGenerator();

describe('an API key', () => {
  const id = ids.next('key');
  const { text, hash } = generateApiKey('sp', id);

  it('says which credential it is of, and on which API', () => {
    expect(text).toMatch(/^sp_[0-9a-z]{26}_[0-9A-Za-z]{38}$/);
    expect(parseApiKey(text)).toEqual({ prefix: 'sp', id });
    expect(parseApiKey(generateApiKey('sa', id).text)).toEqual({ prefix: 'sa', id });
  });

  it('is stored as its SHA-256', () => {
    expect(hash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(matchesHash(text, Buffer.from(hash, 'hex'))).toBe(true);
    expect(matchesHash(`${text}x`, Buffer.from(hash, 'hex'))).toBe(false);
    expect(matchesHash(text, NO_KEY_HASH)).toBe(false);
    expect(hashApiKey(text)).toHaveLength(32);
  });

  it('is new every time, all over its secret', () => {
    const secrets = Array.from({ length: 500 }, () => generateApiKey('sp', id).text.slice(30, -6));
    expect(new Set(secrets).size).toBe(500);
    for (let at = 0; at < 32; at++) {
      // 500 draws from 62 characters leave fewer than 40 of them with a probability far below one in a billion.
      expect(new Set(secrets.map((secret) => secret[at])).size).toBeGreaterThan(40);
    }
  });

  it('is told from a mistyped one without asking anybody', () => {
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === '3' ? '4' : '3') + text.slice(at + 1);
      expect(parseApiKey(changed)).toBeUndefined();
    }
    for (let at = 30; at < text.length - 1; at++) {
      const [a, b] = [text[at], text[at + 1]];
      const swapped = text.slice(0, at) + `${b}${a}` + text.slice(at + 2);
      if (a !== b) expect(parseApiKey(swapped)).toBeUndefined();
    }
    for (const other of [
      '',
      'sp_',
      text.slice(1),
      text.slice(0, -1),
      `${text}0`,
      ` ${text}`,
      `${text}\n`,
      text.toUpperCase(),
    ]) {
      expect(parseApiKey(other)).toBeUndefined();
    }
  });

  it('keeps this form: a key given out today must open tomorrow', () => {
    const known = 'sp_01kaz8fp3wfj2taq4k3bv8s5ch_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123454UDDpE';
    expect(parseApiKey(known)).toEqual({ prefix: 'sp', id: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' });
  });
});

describe('an Authorization header', () => {
  const id = ids.next('key');
  const { text } = generateApiKey('sp', id);
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

  it('presents a key as Bearer, or as Basic with its credential id, in any case of the scheme', () => {
    for (const header of [`Bearer ${text}`, `bearer  ${text}`, `BEARER ${text}`, basic(`${id}:${text}`)]) {
      expect(presentedKey(header, 'sp')).toEqual({ text, id });
    }
    expect(presentedKey(basic(`${id}:${text}`).replace('Basic', 'basic'), 'sp')).toEqual({ text, id });
  });

  it('presents nothing when it is missing, of another API or another credential, or anything else', () => {
    expect(presentedKey(undefined, 'sp')).toBe('missing');
    expect(presentedKey('', 'sp')).toBe('missing');
    expect(presentedKey(basic(`${ids.next('key')}:${text}`), 'sp')).toBe('mismatch');
    const malformed = [
      text,
      'Bearer',
      'Bearer ',
      `Bearer ${text} x`,
      `Digest ${text}`,
      `Bearer ${generateApiKey('sa', id).text}`,
      'Bearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      `Bearer ${'a'.repeat(100_000)}`,
      'Basic !!!',
      basic(''),
      basic(':'),
      basic(text),
      basic(`:${text}`),
      basic(`acme:${text}`),
      basic(`${id}:`),
      basic(`${id}:${text}:`),
      basic(`rcv${id.slice(3)}:${text}`),
      basic(`${text}:${id}`),
      `Basic ${'A'.repeat(100_000)}`,
    ];
    for (const header of malformed)
      expect([header.slice(0, 80), presentedKey(header, 'sp')]).toEqual([header.slice(0, 80), 'malformed']);
  });
});
