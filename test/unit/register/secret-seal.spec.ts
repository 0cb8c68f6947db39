import { describe, expect, it } from '@jest/globals';
import { SecretSeal } from '../../../src/receiver/register/secret-seal.js';

describe('a sealed secret', () => {
  const seal = new SecretSeal('sp_one');

  it('opens for what it was sealed for, and shows nothing', () => {
    const sealed = seal.seal('whsec_secret', 'default\nep_1');
    expect(sealed).not.toContain('whsec');
    expect(seal.open(sealed, 'default\nep_1')).toBe('whsec_secret');
    expect(seal.seal('whsec_secret', 'default\nep_1')).not.toBe(sealed);
  });

  it('opens for nothing else', () => {
    const sealed = seal.seal('whsec_secret', 'default\nep_1');
    const changed = Buffer.from(sealed, 'base64');
    changed.writeUInt8(changed.readUInt8(14) ^ 1, 14);
    expect(seal.open(sealed, 'default\nep_2')).toBeUndefined();
    expect(seal.open(changed.toString('base64'), 'default\nep_1')).toBeUndefined();
    expect(seal.open('', 'default\nep_1')).toBeUndefined();
    expect(new SecretSeal('sp_two').open(sealed, 'default\nep_1')).toBeUndefined();
  });
});
