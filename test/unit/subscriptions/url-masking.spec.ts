import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { maskUrl } from '../../../src/producer/subscriptions/url-masking.js';

describe('a URL without a token', () => {
  it.each([
    'https://example.com/',
    'https://example.com/hooks/acme',
    'https://hooks.example.com:8443/signpost/v1/receive',
    'https://example.com/api/v2/webhooks/invoice-paid',
    'https://example.com/tenants/42/hooks/2026',
    'https://example.com/webhookReceiver/index.php',
    'http://127.0.0.1:4000/signals',
    'https://example.com/a//b/',
  ])('is shown as it is: %s', (url) => {
    expect(maskUrl(url)).toBe(url);
  });
});

describe('a token in a URL', () => {
  it('is masked in the query, whatever its name, and leaves the name', () => {
    expect(maskUrl('https://example.com/in?token=abc&tenant=acme&x=')).toBe(
      'https://example.com/in?token=***&tenant=***&x=***',
    );
  });

  it('is masked where it is the whole query or the name of a parameter', () => {
    expect(maskUrl('https://example.com/in?9f8a7c6d5e4b3a2f')).toBe('https://example.com/in?***');
    expect(maskUrl('https://example.com/in?9f8a7c6d5e4b3a2f=1')).toBe('https://example.com/in?***=***');
    expect(maskUrl('https://example.com/in?plain')).toBe('https://example.com/in?***');
  });

  it.each([
    ['a hex token', 'https://example.com/in/9f8a7c6d5e4b3a2f', 'https://example.com/in/***'],
    ['a short mixed token', 'https://example.com/in/s3cr3t', 'https://example.com/in/***'],
    ['capitals', 'https://example.com/in/CANARYTOKEN', 'https://example.com/in/***'],
    ['a long number', 'https://example.com/in/8274619', 'https://example.com/in/***'],
    ['random letters', 'https://example.com/in/qzxwvbnmk', 'https://example.com/in/***'],
    ['a long run of letters', 'https://example.com/in/correcthorsebatterystaple', 'https://example.com/in/***'],
    ['a passphrase', 'https://example.com/in/correct-horse-battery-staple', 'https://example.com/in/***'],
    ['a prefixed key', 'https://example.com/in/sk_live_abc', 'https://example.com/in/***'],
    ['what follows an announcement', 'https://example.com/token/abc/in', 'https://example.com/token/***/in'],
    ['what follows a compound announcement', 'https://example.com/api-key/abc', 'https://example.com/api-key/***'],
    ['escaped text', 'https://example.com/in/%61bc', 'https://example.com/in/***'],
    ['a chat bot’s path', 'https://api.example.com/bot123456:ABC-DEF1234/send', 'https://api.example.com/***/send'],
    ['user information', 'https://user:pass@example.com/in#fragment', 'https://example.com/in'],
  ])('is masked: %s', (_, url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });

  it('is masked in every common encoding of 8 to 32 random-looking bytes', () => {
    for (let round = 0; round < 500; round++) {
      const bytes = createHash('sha256')
        .update(`token ${round}`)
        .digest()
        .subarray(0, 8 + (round % 25));
      for (const encoding of ['hex', 'base64url'] as const) {
        const token = bytes.toString(encoding);
        expect(maskUrl(`https://example.com/hooks/${token}/in?key=${token}`)).toBe(
          'https://example.com/hooks/***/in?key=***',
        );
      }
    }
  });
});
