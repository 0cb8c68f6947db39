import { afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { generateApiKey } from '../../src/producer/access/api-key.js';
import type { LimitOptions } from '../../src/index.js';
import type { CredentialId } from '../../src/protocol/ids.js';
import {
  HOSTS,
  PLATFORMS,
  startProducer,
  TEST_ADMIN_KEY,
  type Platform,
  type ProducerApp,
} from '../support/producer-app.js';
import { until } from '../support/until.js';

const START = 1_795_455_000_000;
const UNKNOWN = 'evt_01kaz8fp3wfj2taq4k3bv8s5ch';

let producer: ProducerApp;
let clock: { now: number };
afterEach(() => producer.close());

async function start(platform: Platform, limits: LimitOptions, database: 'sqlite' | 'postgres' = 'sqlite') {
  clock = { now: START };
  producer = await startProducer(platform, { dispatch: false, limits, now: () => clock.now }, database);
}

async function newKey(): Promise<string> {
  const receiver = await producer.admin<{ id: string }>('POST', '/receivers', { name: 'r' });
  const made = await producer.admin<{ apiKey: string }>('POST', `/receivers/${receiver.body.id}/credentials`, {
    name: 'c',
  });
  return made.body.apiKey;
}

const get = (path: string, key?: string) =>
  producer.call('GET', `/v1${path}`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
const rateOf = ({ headers }: { headers: Headers }) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];
const stored = async (table: string) => {
  await producer.app.get(AccessLog).flush();
  const [row] = await producer.app.get(DataSource).query<{ n: unknown }[]>(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n);
};

describe.each(HOSTS)('a credential on %s with %s', (platform, database) => {
  it('is told where it stands with every answer, and is answered 429 beyond its quota, until that is renewed', async () => {
    await start(platform, { perCredential: { requests: 5, perMs: 10_000 } }, database);
    const [key, other] = [await newKey(), await newKey()];
    const policy = '"credential";q=5;w=10';
    // Each counts once: a page, a miss, what Nest answers itself, an ack that is refused, and a batch, however many ids it has.
    const paths = ['/events', `/events/${UNKNOWN}`, '/position'];
    const answers = [];
    for (const path of paths) answers.push(await get(path, key));
    const post = (path: string, body: object) =>
      producer.call('POST', `/v1${path}`, {
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    answers.push(await post('/acks', {}));
    clock.now += 2_500;
    answers.push(await post('/events/batch', { ids: Array.from({ length: 100 }, () => UNKNOWN) }));
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 400, 200]);
    expect(answers.map(rateOf)).toEqual([
      [policy, '"credential";r=4;t=10'],
      [policy, '"credential";r=3;t=10'],
      [policy, '"credential";r=2;t=10'],
      [policy, '"credential";r=1;t=10'],
      [policy, '"credential";r=0;t=8'],
    ]);
    const rows = await stored('signpost_access');
    const refused = await get('/events', key);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json']);
    expect(refused.body).toMatchObject({ type: 'urn:signpost:problem:rate_limited', status: 429 });
    expect(refused.headers.get('retry-after')).toBe('8');
    expect(rateOf(refused)).toEqual([policy, '"credential";r=0;t=8']);
    // A flood must not fill the audit.
    expect(await stored('signpost_access')).toBe(rows);
    expect((await get('/events', other)).status).toBe(200);
    clock.now += 7_500;
    expect((await get('/events', key)).status).toBe(200);
  });

  it('is not counted for what others send in its name', async () => {
    await start(platform, { perCredential: { requests: 2, perMs: 10_000 } }, database);
    const key = await newKey();
    const wrong = `${key.slice(0, -7)}${key.at(-7) === 'x' ? 'y' : 'x'}${key.slice(-6)}`;
    for (let n = 0; n < 5; n++) expect((await get('/events', wrong)).status).toBe(401);
    expect(rateOf(await get('/events', key))[1]).toBe('"credential";r=1;t=10');
  });
});

describe.each(PLATFORMS)('limits on %s', (platform) => {
  it('may be counted elsewhere, for all nodes together', async () => {
    const asked: string[] = [];
    const rateLimiter = {
      requests: 7,
      perMs: 60_000,
      take: (key: string) => {
        asked.push(key);
        return Promise.resolve({ allowed: asked.length < 2, remaining: 3, resetMs: 1 });
      },
    };
    await start(platform, { rateLimiter });
    const key = await newKey();
    const [first, second] = [await get('/events', key), await get('/events', key)];
    expect([first.status, second.status, second.headers.get('retry-after')]).toEqual([200, 429, '1']);
    expect(rateOf(first)).toEqual(['"credential";q=7;w=60', '"credential";r=3;t=1']);
    expect(asked).toEqual([expect.stringMatching(/^key_/), asked[0]]);
  });

  it('may be lifted, and then say nothing', async () => {
    await start(platform, { perCredential: false });
    expect(rateOf(await get('/events', await newKey()))).toEqual([null, null]);
  });

  it('an address that failed too often is answered 429 before any look-up, but for credentials that were good before', async () => {
    await start(platform, { unauthorizedPerMinute: 3 });
    const [good, unused] = [await newKey(), await newKey()];
    expect((await get('/events', good)).status).toBe(200);
    for (let n = 0; n < 3; n++) expect((await get('/events', 'nonsense')).status).toBe(401);
    const rows = await stored('signpost_access');
    for (const key of ['nonsense', undefined, unused]) {
      const answer = await get('/events', key);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60']);
    }
    // Whoever claims a good one is checked, and gets no audit row and no 401 either.
    const id = `key_${good.split('_')[1]}` as CredentialId;
    expect((await get('/events', generateApiKey('sp', id).text)).status).toBe(429);
    expect(await stored('signpost_access')).toBe(rows);
    expect((await get('/events', good)).status).toBe(200);
    // The admin API draws on the same budget.
    const admin = (key: string) =>
      producer.call('GET', '/admin/v1/stats', { headers: { authorization: `Bearer ${key}` } });
    expect((await admin('nonsense')).status).toBe(429);
    expect((await admin(TEST_ADMIN_KEY)).status).toBe(200);
    clock.now += 60_000;
    expect((await get('/events', unused)).status).toBe(200);
  });

  it('the token endpoint draws on the same budget, in the format of OAuth, however the client proves itself', async () => {
    await start(platform, { unauthorizedPerMinute: 3 });
    const [good, other, unused] = [await newKey(), await newKey(), await newKey()];
    const idOf = (key: string) => `key_${key.split('_')[1]}` as CredentialId;
    const ask = (form: Record<string, string>, headers: Record<string, string> = {}) =>
      producer.call<{ error?: string }>('POST', '/oauth/token', {
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
      });
    const post = (key: string) => ask({ client_id: idOf(key), client_secret: key });
    const basic = (id: string, key: string) =>
      ask({}, { authorization: `Basic ${Buffer.from(`${id.replace('_', '%5F')}:${key}`).toString('base64')}` });
    const wrong = generateApiKey('sp', idOf(good)).text;
    expect([(await post(good)).status, (await basic(idOf(other), other)).status]).toEqual([200, 200]);
    for (const answer of [await ask({}), await post(wrong), await basic(idOf(good), wrong)]) {
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    const rows = await stored('signpost_access');
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'e30.e30.x',
    };
    // The last two claim one that was good, and are wrong: looked up, and refused the same.
    for (const refused of [
      await ask({}),
      await ask(assertion),
      await post(unused),
      await basic(idOf(unused), unused),
      await post(wrong),
      await basic(idOf(good), wrong),
    ]) {
      expect([refused.status, refused.text]).toEqual([429, '{"error":"temporarily_unavailable"}']);
      expect([refused.headers.get('retry-after'), refused.headers.get('cache-control')]).toEqual(['60', 'no-store']);
    }
    expect(await stored('signpost_access')).toBe(rows);
    expect((await get('/events', 'nonsense')).status).toBe(429);
    // By the way that each came before, and by the other.
    for (const key of [good, other]) {
      expect([(await post(key)).status, (await basic(idOf(key), key)).status]).toEqual([200, 200]);
    }
    clock.now += 60_000;
    expect((await post(unused)).status).toBe(200);
  });

  it('an address that asked for too many events that are not there reads no single ones for a while; its feed goes on', async () => {
    await start(platform, { missesPerMinute: 2 });
    const key = await newKey();
    const { body } = await producer.admin<{ id: string }>('POST', '/events', { type: 'a.b', data: 1 });
    for (let n = 0; n < 2; n++) expect((await get(`/events/${UNKNOWN}`, key)).status).toBe(404);
    const answer = await get(`/events/${body.id}`, key);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await get('/events', key)).status).toBe(200);
    clock.now += 60_000;
    expect((await get(`/events/${body.id}`, key)).status).toBe(200);
  });

  it('a credential has so many long polls at once, and each place is free again when one ends', async () => {
    await start(platform, { waitsPerCredential: 2 });
    const [key, other] = [await newKey(), await newKey()];
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${key}` };
    const polls = [1, 2].map(() => fetch(`${producer.url}/v1/events?wait=30`, { headers, signal: gone.signal }));
    const ended = Promise.allSettled(polls);
    const refused = await until(async () => {
      const answer = await get('/events?wait=1', key);
      return answer.status === 429 ? answer : undefined;
    }, 'the third poll to be refused');
    expect(refused.headers.get('retry-after')).toBe('1');
    // What does not wait needs no place.
    expect((await get('/events', key)).status).toBe(200);
    gone.abort();
    await ended;
    await until(async () => {
      const patience = new AbortController();
      const poll = fetch(`${producer.url}/v1/events?wait=30`, { headers, signal: patience.signal });
      await producer.admin('POST', '/events', { type: 'a.b', data: 1 });
      const { status } = await poll;
      return status === 200;
    }, 'a place to be free');
    expect((await get('/events', other)).status).toBe(200);
  });
});
