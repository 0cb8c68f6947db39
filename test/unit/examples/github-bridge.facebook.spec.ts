import type { OutgoingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Answer,
  FACEBOOK_SECRET,
  GITHUB_SECRET,
  hmac,
  OLD_FACEBOOK_SECRET,
  RunningBridge,
  VERIFY_TOKEN,
} from './github-bridge-app.js';

const PATH = '/webhooks/facebook';
// As in Facebook's documentation of lead ads; other characters than ASCII come escaped.
const LEAD =
  '{"object": "page", "entry": [{"id": "153125381133", "time": 1438292065, "changes": [ {"field": "leadgen", "value": ' +
  '{"leadgen_id": "123123123123", "page_id": "153125381133", "form_id": 12312312312, "name": "\\u00e4\\/"}} ]}]}';

let bridge: RunningBridge;
beforeEach(async () => {
  bridge = await RunningBridge.start();
});
afterEach(() => bridge.close());

const deliver = (body: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> =>
  bridge.send(
    PATH,
    { 'content-type': 'application/json', 'x-hub-signature': hmac('sha1', FACEBOOK_SECRET, body), ...headers },
    body,
  );

const published = async () => (await bridge.events()).map(({ type, subject, data }) => ({ type, subject, data }));

describe('deliveries of Facebook', () => {
  it('come out of the fetch API with the bytes that Facebook sent', async () => {
    expect(await deliver(LEAD)).toMatchObject({ status: 200, body: '' });
    expect(await published()).toEqual([{ type: 'facebook.page.leadgen', subject: '153125381133', data: LEAD }]);
  });

  it('with several entries and changes are an event each, in order, as if each had been sent alone', async () => {
    const [a, b, c] = [
      '{"field":"feed","value":{"n": 1.10}}',
      '{"field":"leadgen","value":{"id":12345678901234567891}}',
      '{"value":"]}\\"[{","field":"feed"}',
    ];
    const body = `{"entry":[{"id":"1","changes":[${a} ,\n${b}],"time":1},{"id":98765432109876543210,"changes":[${c}]}],"object":"page"}`;
    expect((await deliver(body)).status).toBe(200);
    expect(await published()).toEqual([
      {
        type: 'facebook.page.feed',
        subject: '1',
        data: `{"entry":[{"id":"1","changes":[${a}],"time":1}],"object":"page"}`,
      },
      {
        type: 'facebook.page.leadgen',
        subject: '1',
        data: `{"entry":[{"id":"1","changes":[${b}],"time":1}],"object":"page"}`,
      },
      {
        type: 'facebook.page.feed',
        subject: '98765432109876543210',
        data: `{"entry":[{"id":98765432109876543210,"changes":[${c}]}],"object":"page"}`,
      },
    ]);
  });

  it.each([
    [
      'messages',
      '{"object":"page","entry":[{"id":"1","messaging":[{"message":{"text":"a"}}]}]}',
      ['facebook.page.messaging'],
    ],
    ['names only', '{"object":"user","entry":[{"uid":"0","changed_fields":["feed"]}]}', ['facebook.user']],
    [
      'two lists in one entry',
      '{"object":"page","entry":[{"changes":[{"field":"feed"}],"messaging":[{}]}]}',
      ['facebook.page'],
    ],
    ['a change that is none', '{"object":"page","entry":[{"changes":["x"]}]}', ['facebook.page']],
    [
      'names of their own kind',
      '{"object":"whatsapp-business","entry":[{"changes":[{"field":"a.b"}]}]}',
      ['facebook.whatsapp_business.a_b'],
    ],
    ['nothing', '{"object":"page","entry":[]}', []],
    ['an entry without anything', '{"object":"page","entry":[{"id":"1","changes":[]}]}', []],
  ])('that have %s lose nothing', async (_, body, types) => {
    expect((await deliver(body)).status).toBe(200);
    expect(await published()).toMatchObject(types.map((type) => ({ type, data: body })));
  });

  it('are taken in whole or not at all', async () => {
    const change = '{"field":"feed"}';
    const bad = `{"object":"page","entry":[{"id":"1","changes":[${change}]},7]}`;
    const tooMany = `{"object":"page","entry":[{"id":"1","changes":[${Array.from({ length: 1_001 }, () => change).join()}]}]}`;
    const badId = `{"object":"page","entry":[{"id":"1","changes":[${change}]},{"id":"\\n","changes":[${change}]}]}`;
    for (const body of [bad, tooMany, badId]) expect((await deliver(body)).status).toBe(400);
    expect(await published()).toEqual([]);
  });

  it('that are repeated are published once and answered alike', async () => {
    const two = '{"object":"page","entry":[{"id":"1","changes":[{"field":"a"},{"field":"b"}]}]}';
    const first = await deliver(two);
    const again = await deliver(two, { 'x-hub-signature': hmac('sha1', OLD_FACEBOOK_SECRET, two) });
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect(await published()).toHaveLength(2);
    await deliver(`${two}\n`);
    expect(await published()).toHaveLength(4);
  });

  const sha1 = hmac('sha1', FACEBOOK_SECRET, LEAD);
  const sha256 = hmac('sha256', FACEBOOK_SECRET, LEAD);
  it.each<[string, number, OutgoingHttpHeaders]>([
    ['the old secret', 200, { 'x-hub-signature': hmac('sha1', OLD_FACEBOOK_SECRET, LEAD) }],
    ['both headers', 200, { 'x-hub-signature-256': sha256 }],
    ['the new header and a wrong old one', 200, { 'x-hub-signature-256': sha256, 'x-hub-signature': 'sha1=0' }],
    ['a wrong new header and the right old one', 401, { 'x-hub-signature-256': hmac('sha256', 'x', LEAD) }],
    ['an empty new header and the right old one', 401, { 'x-hub-signature-256': '' }],
    ['SHA-1 in the new header', 401, { 'x-hub-signature-256': sha1 }],
    ['SHA-256 in the old header', 401, { 'x-hub-signature': sha256 }],
    ['no signature', 401, { 'x-hub-signature': [] }],
    ['the signature twice', 401, { 'x-hub-signature': [sha1, sha1] }],
    ['a signature of other bytes', 401, { 'x-hub-signature': hmac('sha1', FACEBOOK_SECRET, LEAD.replace('\\/', '/')) }],
    ["GitHub's secret", 401, { 'x-hub-signature': hmac('sha1', GITHUB_SECRET, LEAD) }],
    ['a signature in capitals', 401, { 'x-hub-signature': sha1.toUpperCase().replace('SHA', 'sha') }],
  ])('with %s are %i', async (_, status, headers) => {
    expect(await deliver(LEAD, headers)).toMatchObject({ status, body: '' });
    expect(await published()).toHaveLength(status === 200 ? 1 : 0);
  });

  it.each([
    ['no JSON', 400, 'x', {}],
    ['no object', 400, '{"entry":[]}', {}],
    ['no entry', 400, '{"object":"page"}', {}],
    ['an entry that is no list', 400, '{"object":"page","entry":{}}', {}],
    ['another content type', 415, LEAD, { 'content-type': 'text/plain' }],
  ])('with %s are %i', async (_, status, body, headers) => {
    expect((await deliver(body, headers)).status).toBe(status);
    expect(await published()).toEqual([]);
  });
});

describe('the handshake with Facebook', () => {
  const subscribe = (query: string | Record<string, string>) =>
    bridge.send(`${PATH}?${new URLSearchParams(query).toString()}`, {});
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY_TOKEN, 'hub.challenge': '1158201444' };

  it('gives the challenge back, as text that nothing takes for anything else', async () => {
    expect(await subscribe(right)).toMatchObject({
      status: 200,
      body: '1158201444',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect((await subscribe({ ...right, 'hub.challenge': 'aZ_-09' })).body).toBe('aZ_-09');
  });

  it.each([
    ['another token', { 'hub.verify_token': `${VERIFY_TOKEN}x` }],
    ['a token of the same length', { 'hub.verify_token': VERIFY_TOKEN.replace('9', '8') }],
    ['an empty token', { 'hub.verify_token': '' }],
    ['another mode', { 'hub.mode': 'unsubscribe' }],
  ])('is a bare 403 with %s', async (_, changed) => {
    expect(await subscribe({ ...right, ...changed })).toMatchObject({ status: 403, body: '' });
  });

  it('is refused when a parameter is missing or there twice', async () => {
    const query = new URLSearchParams(right).toString();
    for (const name of ['hub.mode', 'hub.verify_token', 'hub.challenge'] as const) {
      const status = name === 'hub.challenge' ? 400 : 403;
      expect((await subscribe(`${query}&${name}=${right[name]}`)).status).toBe(status);
      expect((await subscribe(query.replace(name, 'x'))).status).toBe(status);
    }
  });

  it.each(['<script>alert(1)</script>', '', '1 2', '1\n2', 'é', 'x'.repeat(129)])(
    'reflects no challenge such as %j',
    async (challenge) => {
      const answer = await subscribe({ ...right, 'hub.challenge': challenge });
      expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' } });
      if (challenge !== '') expect(answer.body).not.toContain(challenge);
    },
  );
});
