import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sign } from '@octokit/webhooks-methods';
import type { OutgoingHttpHeaders } from 'node:http';
import { DatabaseLockedError, Publisher } from '../../../src/index.js';
import { ROOT } from '../../package/documents.js';
import { type Answer, GITHUB_SECRET, hmac, OLD_GITHUB_SECRET, RunningBridge } from './github-bridge-app.js';

interface Payload {
  /** Edition, event and number. */
  key: string;
  type: string;
  text: string;
}
const { readPayloads } = (await import(join(ROOT, 'scripts/demo/payloads.js'))) as { readPayloads(): Payload[] };

const PATH = '/webhooks/github';
const PUSH = JSON.stringify({ ref: 'refs/heads/main', repository: { full_name: 'octocat/hello' } });

let bridge: RunningBridge;
beforeEach(async () => {
  bridge = await RunningBridge.start();
});
afterEach(() => bridge.close());

/** Headers as GitHub sends them; undefined leaves one out. */
async function headersOf(body: string | Buffer, changed: OutgoingHttpHeaders = {}): Promise<OutgoingHttpHeaders> {
  const signature =
    typeof body === 'string' && body !== '' ? await sign(GITHUB_SECRET, body) : hmac('sha256', GITHUB_SECRET, body);
  const headers: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-hook-id': '292430182',
    'x-github-event': 'push',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature': hmac('sha1', GITHUB_SECRET, body),
    'x-hub-signature-256': signature,
    ...changed,
  };
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

const deliver = async (body: string | Buffer, changed?: OutgoingHttpHeaders): Promise<Answer> =>
  bridge.send(PATH, await headersOf(body, changed), body);

const refusals = { status: 401, body: '' };

describe('deliveries of GitHub', () => {
  it('come out of the fetch API with the bytes that GitHub sent: every example payload of every edition', async () => {
    const payloads = readPayloads();
    const statuses: Record<number, number> = {};
    const waiting = payloads.values();
    const sender = async () => {
      for (const { key, text } of waiting) {
        const [, event] = key.split('/');
        const { status } = await deliver(text, { 'x-github-event': event, 'x-github-delivery': key });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));

    const expected = payloads.filter(({ type }) => type !== 'github.ping');
    expect(expected.length).toBeGreaterThan(700);
    expect(statuses).toEqual({ 202: expected.length, 204: payloads.length - expected.length });
    const events = await bridge.events();
    expect(events.map(({ type, data }) => `${type} ${data}`).sort()).toEqual(
      expected.map(({ type, text }) => `${type} ${text}`).sort(),
    );
  }, 60_000);

  it.each([
    ['push', { repository: { full_name: 'octocat/hello' } }, 'github.push', 'octocat/hello'],
    ['issues', { action: 'opened', repository: { full_name: 'a/b' } }, 'github.issues.opened', 'a/b'],
    ['membership', { action: 'added', organization: { login: 'acme' } }, 'github.membership.added', 'acme'],
    ['security_advisory', { action: 'published' }, 'github.security_advisory.published', null],
    ['repository_dispatch', { action: 'on-demand test' }, 'github.repository_dispatch.on_demand_test', null],
    ['brand.new-event', { action: 'a.b', repository: {} }, 'github.brand_new_event.a_b', null],
    ['star', { action: '', repository: { full_name: 7 }, organization: { login: '' } }, 'github.star', null],
    ['fork', { action: null, enterprise: { slug: 'corp' } }, 'github.fork', 'corp'],
    ['repository_dispatch', { action: 'x'.repeat(200) }, `github.repository_dispatch.${'x'.repeat(101)}`, null],
  ])('%s %j is of a type and a subject', async (event, payload, type, subject) => {
    expect((await deliver(JSON.stringify(payload), { 'x-github-event': event })).status).toBe(202);
    expect(await bridge.events()).toMatchObject([{ type, subject }]);
  });

  it('keep white space, escapes, repeated members and numbers that no double holds', async () => {
    const body = '\n{ "id": 12345678901234567890.10, "e":"\\u00e9\\/é","a":1,"a":1e3,\r\n\t"z":{"__proto__":{}} }\n';
    expect((await deliver(body)).status).toBe(202);
    expect((await bridge.events()).map(({ data }) => data)).toEqual([body.trim()]);
  });

  it('are taken as a form as well, with the same bytes', async () => {
    const payload = '{"text":"a+b & 100% = \\u00e9é \\n","n":1.0}';
    const encodings = [encodeURIComponent(payload), new URLSearchParams({ payload }).toString().slice(8)];
    for (const [delivery, encoded] of encodings.entries()) {
      const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-github-delivery': `form-${delivery}` };
      expect((await deliver(`payload=${encoded}`, form)).status).toBe(202);
    }
    expect((await bridge.events()).map(({ data }) => data)).toEqual([payload, payload]);
  });

  it('are taken under the new and the old secret, and under no other', async () => {
    const under = (secret: string) =>
      deliver(PUSH, { 'x-hub-signature-256': hmac('sha256', secret, PUSH), 'x-github-delivery': secret });
    expect((await under(OLD_GITHUB_SECRET)).status).toBe(202);
    expect((await under(GITHUB_SECRET)).status).toBe(202);
    expect(await under('another-secret-0123456789')).toMatchObject(refusals);
    expect(await bridge.events()).toHaveLength(2);
  });

  const right = hmac('sha256', GITHUB_SECRET, PUSH);
  it.each<[string, OutgoingHttpHeaders]>([
    ['no signature', { 'x-hub-signature-256': undefined }],
    ['an empty signature', { 'x-hub-signature-256': '' }],
    ['a signature of other bytes', { 'x-hub-signature-256': hmac('sha256', GITHUB_SECRET, `${PUSH} `) }],
    [
      'a signature changed in its last digit',
      { 'x-hub-signature-256': right.replace(/.$/, (d) => (d === '0' ? '1' : '0')) },
    ],
    ['a signature cut off', { 'x-hub-signature-256': right.slice(0, -1) }],
    ['a signature that goes on', { 'x-hub-signature-256': `${right}00` }],
    ['a signature in capitals', { 'x-hub-signature-256': right.toUpperCase().replace('SHA', 'sha') }],
    ['a signature without its prefix', { 'x-hub-signature-256': right.slice(7) }],
    ['a SHA-1 signature in its place', { 'x-hub-signature-256': hmac('sha1', GITHUB_SECRET, PUSH) }],
    [
      'a SHA-1 under the name of SHA-256',
      { 'x-hub-signature-256': hmac('sha1', GITHUB_SECRET, PUSH).replace('sha1', 'sha256') },
    ],
    ['the right signature twice', { 'x-hub-signature-256': [right, right] }],
    ['a wrong signature and the right one', { 'x-hub-signature-256': [`sha256=${'0'.repeat(64)}`, right] }],
    ['both in one header', { 'x-hub-signature-256': `${right}, ${right}` }],
    ['a signature with an empty secret', { 'x-hub-signature-256': hmac('sha256', '', PUSH) }],
  ])('with %s are a bare 401 and publish nothing', async (_, changed) => {
    const answer = await deliver(PUSH, changed);
    expect(answer).toMatchObject(refusals);
    expect(answer.headers).not.toHaveProperty('content-type');
    expect(await bridge.events()).toEqual([]);
  });

  it('with one byte changed are a bare 401, whatever they look like', async () => {
    const headers = await headersOf(PUSH);
    for (const body of [PUSH.replace('main', 'mein'), `${PUSH} `, 'no JSON', '']) {
      expect(await bridge.send(PATH, headers, body)).toMatchObject(refusals);
    }
    const ping = { ...headers, 'x-github-event': 'ping', 'x-hub-signature-256': undefined };
    expect(await bridge.send(PATH, JSON.parse(JSON.stringify(ping)) as OutgoingHttpHeaders, PUSH)).toMatchObject(
      refusals,
    );
    expect(await bridge.events()).toEqual([]);
  });

  it('that are repeated are one event and answered alike', async () => {
    const first = await deliver(PUSH);
    const again = await deliver(PUSH);
    expect(again).toMatchObject({ status: 202, body: '', headers: { ...first.headers, date: expect.any(String) } });
    expect(first.status).toBe(202);
    await Promise.all(Array.from({ length: 5 }, () => deliver(PUSH)));
    expect(await bridge.events()).toHaveLength(1);
  });

  it('of two webhooks that share a delivery id, as GitHub has it, are two events', async () => {
    const other = JSON.stringify({ ...JSON.parse(PUSH), organization: { login: 'octocat' } });
    expect((await deliver(PUSH)).status).toBe(202);
    expect((await deliver(other, { 'x-github-hook-id': '7' })).status).toBe(202);
    expect(await bridge.events()).toHaveLength(2);
  });

  it('with the id of another delivery are 409 and change nothing', async () => {
    await deliver(PUSH);
    expect((await deliver(PUSH.replace('main', 'other'))).status).toBe(409);
    expect((await bridge.events()).map(({ data }) => data)).toEqual([PUSH]);
  });

  it('that only ping are answered 204 and are no event', async () => {
    expect(await deliver('{"zen":"Keep it simple."}', { 'x-github-event': 'ping' })).toMatchObject({
      status: 204,
      body: '',
    });
    expect(await bridge.events()).toEqual([]);
  });

  it.each<[string, number, string | Buffer, OutgoingHttpHeaders]>([
    ['no JSON', 400, 'canary', {}],
    ['nothing', 400, '', {}],
    ['a list', 400, '["canary"]', {}],
    ['null', 400, 'null', {}],
    ['text behind the JSON', 400, '{} canary', {}],
    ['a byte order mark', 400, '\ufeff{}', {}],
    ['bytes that are no UTF-8', 400, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}],
    ['a form without payload', 400, 'canary=1', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form with two', 400, 'payload={}&payload={}', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form that is cut off', 400, 'payload=%7B%7', { 'content-type': 'application/x-www-form-urlencoded' }],
    [
      'a form of other bytes',
      400,
      'payload=%7B%22a%22:%22%FF%22%7D',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['another content type', 415, '{}', { 'content-type': 'text/plain' }],
    ['no content type', 415, '{}', { 'content-type': undefined }],
    ['no event', 400, '{}', { 'x-github-event': undefined }],
    ['two events', 400, '{}', { 'x-github-event': ['push', 'push'] }],
    ['no delivery id', 400, '{}', { 'x-github-delivery': undefined }],
    ['two delivery ids', 400, '{}', { 'x-github-delivery': ['a', 'b'] }],
    ['a delivery id that is none', 400, '{}', { 'x-github-delivery': 'a b' }],
  ])('that are signed and have %s are %i, with a reason that quotes nothing', async (_, status, body, changed) => {
    const answer = await deliver(body, changed);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    expect(answer.body).toMatch(/^.{10,}\n$/);
    expect(answer.body).not.toContain('canary');
    expect(await bridge.events()).toEqual([]);
  });

  it('may have 25 MiB, and are 413 above', async () => {
    const largest = 25 * 1024 * 1024;
    const body = `{"a":"${'x'.repeat(largest - 8)}"}`;
    expect((await deliver(body)).status).toBe(202);
    expect((await bridge.events()).map(({ data }) => data.length)).toEqual([largest]);
    // Only announced, so that the answer does not race with bytes that nobody reads.
    const announced = { 'content-length': largest + 1 };
    expect((await bridge.send(PATH, announced, Buffer.alloc(0)).catch(String)) as Answer).toMatchObject({
      status: 413,
    });
  });

  it('that cannot be stored now are 503 and stored when GitHub sends them again', async () => {
    const publisher = bridge.app.get(Publisher);
    Object.assign(publisher, { publishAlone: () => Promise.reject(new DatabaseLockedError('locked')) });
    expect(await deliver(PUSH)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    Reflect.deleteProperty(publisher, 'publishAlone');
    expect((await deliver(PUSH)).status).toBe(202);
    expect(await bridge.events()).toHaveLength(1);
  });
});
