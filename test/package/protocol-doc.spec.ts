import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { DEFAULT_CONFIRM_SCHEDULE, DEFAULT_RETRY_SCHEDULE } from '../../src/producer/dispatch/policy.js';
import { encodeCursor } from '../../src/protocol/cursor.js';
import { PROBLEMS, type ProblemCode } from '../../src/protocol/problem.js';
import { parseSignal } from '../../src/protocol/signal.js';
import { signStandard } from '../../src/protocol/standard-webhooks.js';
import { verifyMessageSignature } from '../../src/protocol/verify-message.js';
import { verifySignature } from '../../src/protocol/verify.js';
import { parseDurations } from '../../src/service/duration.js';
import vectors from '../support/vectors/signature-vectors.json' with { type: 'json' };
import { codeBlock, codeBlocks, readDocument } from './documents.js';

const protocol = readDocument('docs/protocol.md');
const block = (name: string) => codeBlock(protocol, name);

const [request = ''] = codeBlocks(protocol, 'http');
const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(request)?.[1] ?? '';
const id = header('webhook-id');
const timestamp = header('webhook-timestamp');
const body = block('body');

describe('the worked example of docs/protocol.md', () => {
  it('has the key that its secret holds', () => {
    const key = Buffer.from(block('secret').replace('whsec_', ''), 'base64');
    expect(key.toString('hex')).toBe(block('key'));
    expect(protocol).toContain(`in hexadecimal (${key.length} bytes)`);
  });

  it('has the lengths that it states', () => {
    const signed = `${id}.${timestamp}.${body}`;
    expect(signed.startsWith(block('signed'))).toBe(true);
    expect(protocol).toContain(`The body, ${Buffer.byteLength(body)} bytes`);
    expect(protocol).toContain(`has ${Buffer.byteLength(signed)} bytes`);
  });

  it('has the signature that its steps give', () => {
    const hmac = createHmac('sha256', Buffer.from(block('key'), 'hex'))
      .update(`${id}.${timestamp}.${body}`)
      .digest();
    expect(hmac.toString('hex')).toBe(block('hmac'));
    expect(`v1,${hmac.toString('base64')}`).toBe(block('signature'));
    expect(header('webhook-signature')).toBe(block('signature'));
  });

  it('is what Signpost signs and verifies, and what the library of Standard Webhooks signs', () => {
    expect(signStandard({ id, timestamp, body, secrets: [block('secret')] })).toBe(block('signature'));
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': block('signature') };
    const now = () => Number(timestamp) * 1000;
    expect(verifySignature(body, headers, block('secret'), { now }).id).toBe(id);
    const signed = new Webhook(block('secret')).sign(id, new Date(now()), body);
    expect(signed).toBe(block('signature'));
  });

  it('has the values of the other schemes that their steps give', () => {
    const text = block('secret');
    const hex = (algorithm: string) => createHmac(algorithm, text).update(body).digest('hex');
    expect(block('github-signature')).toBe(`sha256=${hex('sha256')}`);
    expect(block('facebook-signature')).toBe(`sha1=${hex('sha1')}`);
    const { secretKey, publicKey } = vectors['svix-v1a-64byte-sk'];
    expect(block('ed25519-public-key')).toBe(publicKey);
    expect(block('ed25519-signature')).toBe(signStandard({ id, timestamp, body, secrets: [secretKey] }));
  });

  it('has the HTTP Message Signature that its steps give, and that we verify', () => {
    const digest = createHash('sha256').update(body).digest('base64');
    expect(block('content-digest')).toBe(`sha-256=:${digest}:`);
    const bytes = Buffer.from(block('key'), 'hex');
    const thumbprint = createHash('sha256').update(`{"k":"${bytes.toString('base64url')}","kty":"oct"}`);
    expect(block('signature-input')).toContain(`keyid="${thumbprint.digest('base64url')}"`);
    const base = block('signature-base');
    expect(base.endsWith(`"@signature-params": ${block('signature-input').replace('sig1=', '')}`)).toBe(true);
    expect(block('signature-header')).toBe(`sig1=:${createHmac('sha256', bytes).update(base).digest('base64')}:`);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'content-digest': block('content-digest'),
      'signature-input': block('signature-input'),
      signature: block('signature-header'),
    };
    const message = { method: 'POST', url: 'https://hooks.example.com/signals', headers, body };
    const now = () => Number(timestamp) * 1000;
    expect(verifyMessageSignature(message, block('secret'), { now })).toEqual({ id, timestamp: Number(timestamp) });
  });

  it('is a signal between two real cursors', () => {
    const signal = parseSignal(body);
    expect(signal).toMatchObject({ type: 'events.available', data: { more: false } });
    expect(signal).toHaveProperty('data.after', encodeCursor({ partition: 0, position: 41 }));
    expect(signal).toHaveProperty('data.cursor', encodeCursor({ partition: 0, position: 43 }));
  });

  it('continues in the page that is shown', () => {
    const page = codeBlocks(protocol, 'json').find((block) => block.includes('"events"')) ?? '';
    const { events, cursor } = JSON.parse(page) as { events: { id: string; cursor: string }[]; cursor: string };
    expect(body).toContain(events[0]?.id);
    expect(events[0]?.cursor).toBe(cursor);
    expect(protocol).toContain(`GET /v1/events?after=${encodeCursor({ partition: 0, position: 42 })}`);
  });
});

describe('docs/protocol.md', () => {
  const schedule = (pattern: RegExp) => {
    const text = pattern.exec(protocol.replaceAll('\n', ' '))?.[1] ?? '';
    return parseDurations(text.replaceAll(' ', '').replaceAll('min', 'm'));
  };

  it('states the retry schedule that holds by default', () => {
    expect(
      schedule(/new timestamp and signature: after ([^a-z]*(?:(?:s|min|h), [^a-z]*)*h),? and then every 24 h/),
    ).toEqual(DEFAULT_RETRY_SCHEDULE);
  });

  it('states the schedule of reminders that holds by default', () => {
    const stated = schedule(/again after ([^a-z]*(?:(?:min|h), [^a-z]*)*h),? and then every 24 h, until everything/);
    expect(protocol).toContain('within 5 minutes');
    expect([300_000, ...(stated ?? []), 86_400_000]).toEqual(DEFAULT_CONFIRM_SCHEDULE);
  });

  it('names problems as they are, under their status', () => {
    const rows = [...protocol.matchAll(/^\| ([\d, ]+?) +\| (`\w+`(?:, `\w+`)*) +\|/gm)];
    const named = rows.flatMap(([, statuses = '', codes = '']) => {
      const status = statuses.split(', ').map(Number);
      return codes.split(', ').map((code, index) => [code.replaceAll('`', ''), status[index] ?? status[0]] as const);
    });
    expect(named.length).toBeGreaterThan(10);
    for (const [code, status] of named) expect([code, PROBLEMS[code as ProblemCode]?.status]).toEqual([code, status]);
  });
});
