import { describe, expect, it } from '@jest/globals';
import { grants, isCredentialScope, isFieldScope } from '../../../src/producer/access/scopes.js';

describe('a scope', () => {
  it('is one that a route asks for, or a field scope', () => {
    for (const scope of [
      'events:read',
      'endpoints:read',
      'endpoints:write',
      'pii:read',
      'a:1',
      'billing.card-number:see_all',
    ]) {
      expect([scope, isCredentialScope(scope)]).toEqual([scope, true]);
    }
    const longest = `${'p'.repeat(63)}:${'r'.repeat(63)}`;
    expect(isFieldScope(longest)).toBe(true);
    for (const scope of [
      '',
      'pii',
      ':read',
      'pii:',
      'PII:read',
      'pii:read:all',
      '1pii:read',
      'pii: read',
      `p${longest}`,
      `${longest}r`,
      '*',
    ]) {
      expect([scope, isCredentialScope(scope)]).toEqual([scope, false]);
    }
  });

  it('that is misspelt is no field scope', () => {
    for (const scope of ['events:raed', 'events:write', 'endpoints:delete']) {
      expect([scope, isCredentialScope(scope)]).toEqual([scope, false]);
    }
  });

  it('to write endpoints includes the one to read them, and nothing else includes anything', () => {
    expect(grants(['endpoints:write'], 'endpoints:read')).toBe(true);
    expect(grants(['endpoints:read'], 'endpoints:write')).toBe(false);
    expect(grants(['endpoints:write'], 'events:read')).toBe(false);
    expect(grants(['events:read'], 'pii:read')).toBe(false);
    expect(grants(['pii:read'], 'pii:read')).toBe(true);
  });
});
