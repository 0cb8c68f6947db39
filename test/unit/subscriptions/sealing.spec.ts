import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import {
  MasterKeyError,
  parseMasterKey,
  sealContext,
  Sealer,
  UnsealError,
} from '../../../src/producer/subscriptions/sealing.js';

const masterKey = () => randomBytes(32).toString('base64');
const EP = 'ep_01kaz8fp3wfj2taq4k3bv8s5ch';
const OTHER_EP = 'ep_01kaz8fp3wfj2taq4k3bv8s5cj';

function unsealError(open: () => string): UnsealError {
  try {
    open();
  } catch (error) {
    if (error instanceof UnsealError) return error;
    throw error;
  }
  throw new Error('it opened');
}

describe('a sealed value', () => {
  const sealer = new Sealer(masterKey());
  const context = sealContext(EP, 'secret');

  it('opens under the key and context that it was sealed with', () => {
    for (const text of ['whsec_abc', '', 'ä€😀', 'x'.repeat(5_000)]) {
      expect(sealer.open(sealer.seal(text, context), context)).toBe(text);
    }
  });

  it('opens in another process with the same master key', () => {
    const key = masterKey();
    expect(new Sealer(key).open(new Sealer(key).seal('hello', context), context)).toBe('hello');
  });

  it('names its version and key, and shows nothing of its content', () => {
    const sealed = sealer.seal('whsec_CANARY', context);
    expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/);
    expect(sealed.split('.')[1]).toBe(sealer.keyId);
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('CANARY');
  });

  it('never looks the same twice', () => {
    const seals = Array.from({ length: 100 }, () => sealer.seal('the same', context));
    expect(new Set(seals.map((sealed) => sealed.split('.')[2])).size).toBe(100);
  });

  it('does not open for another endpoint or purpose', () => {
    const sealed = sealer.seal('whsec_abc', context);
    expect(unsealError(() => sealer.open(sealed, sealContext(OTHER_EP, 'secret'))).reason).toBe('damaged');
    expect(unsealError(() => sealer.open(sealed, sealContext(EP, 'url'))).reason).toBe('damaged');
  });

  it('does not open when any of its characters is changed', () => {
    const sealed = sealer.seal('whsec_abc', context);
    for (let at = 0; at < sealed.length; at++) {
      // The last character of a base64url group has bits that decode to nothing; a change of its top bit always counts.
      const swapped = sealed[at] === 'A' ? 'Q' : 'A';
      const changed = sealed.slice(0, at) + swapped + sealed.slice(at + 1);
      expect(() => sealer.open(changed, context)).toThrow(UnsealError);
    }
    for (const broken of ['', 'v1', 'v1...', `${sealed}.x`, sealed.slice(0, -20), `v2${sealed.slice(2)}`]) {
      expect(() => sealer.open(broken, context)).toThrow(UnsealError);
    }
  });

  it('names the wrong master key and what to do about it, without its content', () => {
    const other = new Sealer(masterKey());
    const error = unsealError(() => other.open(sealer.seal('whsec_CANARY', context), context));
    expect(error).toMatchObject({ code: 'unseal_failed', reason: 'wrong-key' });
    expect(error.message).toContain(sealer.keyId);
    expect(error.message).toContain(other.keyId);
    expect(error.message).toContain('start it with the master key');
    expect(error.message).not.toContain('CANARY');
  });
});

describe('the master key', () => {
  it('is 32 bytes in base64, of either alphabet, padded or not', () => {
    const bytes = Buffer.alloc(32, 0xff);
    for (const text of [bytes.toString('base64'), bytes.toString('base64url'), ` ${bytes.toString('base64')}\n`]) {
      expect(parseMasterKey(text)).toEqual(bytes);
    }
  });

  it('is refused otherwise, with the fix and without the key', () => {
    const wrong = [
      '',
      'CANARY',
      randomBytes(16).toString('base64'),
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('base64'),
      randomBytes(32).toString('hex'),
      `${'A'.repeat(42)}!=`,
      `${'+-'.repeat(21)}A`,
    ];
    for (const text of wrong) {
      expect(() => parseMasterKey(text)).toThrow(MasterKeyError);
      expect(() => parseMasterKey(text)).toThrow(/openssl rand -base64 32/);
      if (text) expect(() => parseMasterKey(text)).not.toThrow(new RegExp(text.replace(/[^\w]/g, '.')));
    }
  });

  it('does not show when a sealer is inspected or serialised', () => {
    const key = masterKey();
    const shown = inspect(new Sealer(key), { depth: 9, showHidden: true }) + JSON.stringify(new Sealer(key));
    expect(shown).not.toContain(key.slice(0, 12));
    expect(shown).not.toContain(Buffer.from(key, 'base64').toString('hex').slice(0, 8));
  });
});
