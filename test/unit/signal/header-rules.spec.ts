import { describe, expect, it } from '@jest/globals';
import { checkCustomHeader } from '../../../src/producer/signal/header-rules.js';

describe('an endpoint’s own header', () => {
  it.each([
    ['x-api-key', 'abc123'],
    ['Authorization', 'Bearer abc.def'],
    ['Authorization', 'Basic dXNlcjpwYXNz'],
    ['x_tenant~1', '!"#'],
  ])('%s: %s may be sent', (name, value) => {
    expect(checkCustomHeader(name, value)).toBeNull();
  });

  it.each([
    'Host',
    'content-length',
    'Content-Type',
    'connection',
    'transfer-encoding',
    'TE',
    'trailer',
    'upgrade',
    'expect',
    'proxy-authorization',
    'X-Forwarded-For',
    'webhook-id',
    'Webhook-Signature',
    'signature',
    'signature-input',
    'user-agent',
    'traceparent',
  ])('%s is reserved', (name) => {
    expect(checkCustomHeader(name, 'x')).toMatch(/choose another name/);
  });

  it.each(['', 'a b', 'a:b', 'a\r\nb', 'naïve', '"quoted"', 'x'.repeat(65)])('the name %j is refused', (name) => {
    expect(checkCustomHeader(name, 'x')).toMatch(/header name/);
  });

  it.each(['', ' ', ' a', 'a ', 'a\tb', 'a\r\nx: y', 'a\u0000', 'ü', '\u007f', 'x'.repeat(4_097)])(
    'the value %j is refused',
    (value) => {
      expect(checkCustomHeader('x-a', value)).toMatch(/^The value of x-a /);
    },
  );
});
