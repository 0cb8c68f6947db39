import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { AccessTokenError, UnauthorizedError } from '../../../src/receiver/client/index.js';
import type { HttpTransport } from '../../../src/receiver/client/http-transport.js';
import { OAuthTokens } from '../../../src/receiver/client/oauth-tokens.js';
import { ManualClock } from '../../support/clock.js';
import { until } from '../../support/until.js';
import {
  type Answer,
  clientOf,
  problemAnswer,
  type ProducerServer,
  rejection,
  respond,
  startProducer,
} from './producer-server.js';

const POSITION = { head: 'h', fetched: 'f', acked: 'a', lag: 0 };
const CREDENTIALS = { clientId: 'key_1:a b', clientSecret: 'sp_canary/ü+&' };

/** A producer that issues `t1`, `t2`, … and admits what `admits` says. */
async function tokenProducer(
  admits: (token: string) => boolean = () => true,
  expiresIn = 600,
): Promise<ProducerServer> {
  let issued = 0;
  return startProducer((response, { path, headers }) => {
    if (path === '/oauth/token') {
      issued += 1;
      respond(response, { json: { access_token: `t${issued}`, token_type: 'bearer', expires_in: expiresIn } });
    } else if (admits(headers.authorization?.slice('Bearer '.length) ?? '')) respond(response, { json: POSITION });
    else response.writeHead(401).end();
  });
}

const requests = ({ seen }: ProducerServer): string[] =>
  seen.map(({ path, headers }) => (path === '/oauth/token' ? 'token' : (headers.authorization ?? '')));

describe('client credentials', () => {
  it('are exchanged for a token as RFC 6749 says: by form, both parts form-encoded in Basic', async () => {
    const producer = await tokenProducer();
    const { client } = clientOf(producer.url, CREDENTIALS);
    await client.position();
    expect(producer.seen[0]).toMatchObject({
      method: 'POST',
      path: '/oauth/token',
      body: 'grant_type=client_credentials',
    });
    expect(producer.seen[0]?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('key_1%3Aa+b:sp_canary%2F%C3%BC%2B%26').toString('base64')}`,
    });
    expect(requests(producer)).toEqual(['token', 'Bearer t1']);
  });

  it('go to the token endpoint below the path of the base URL, or to the one that is named', async () => {
    const producer = await tokenProducer();
    await rejection(clientOf(`${producer.url}/prefix`, CREDENTIALS).client.position());
    expect(producer.seen[0]?.path).toBe('/prefix/oauth/token');
    const issuer = await tokenProducer();
    await clientOf(producer.url, { ...CREDENTIALS, tokenUrl: `${issuer.url}/oauth/token?tenant=a` }).client.position();
    expect(issuer.seen[0]).toMatchObject({ path: '/oauth/token', query: { tenant: 'a' } });
  });

  it('are exchanged once for many calls at once, and again shortly before the token expires', async () => {
    const producer = await tokenProducer();
    const clock = new ManualClock();
    const { client } = clientOf(producer.url, { ...CREDENTIALS, now: clock.now });
    await Promise.all([client.position(), client.position(), client.position()]);
    clock.advance(569_000);
    await client.position();
    expect(requests(producer).filter((request) => request === 'token').length).toBe(1);
    clock.advance(1_000);
    await client.position();
    expect(requests(producer).slice(-2)).toEqual(['token', 'Bearer t2']);
  });

  it('are exchanged once more when the token is refused, and not a third time', async () => {
    const producer = await tokenProducer((token) => token === 't2');
    const { client } = clientOf(producer.url, CREDENTIALS);
    await client.position();
    await client.position();
    expect(requests(producer)).toEqual(['token', 'Bearer t1', 'token', 'Bearer t2', 'Bearer t2']);

    const closed = await tokenProducer(() => false);
    expect(await rejection(clientOf(closed.url, CREDENTIALS).client.position())).toBeInstanceOf(UnauthorizedError);
    expect(requests(closed)).toEqual(['token', 'Bearer t1', 'token', 'Bearer t2']);
  });

  it('that are refused say so without showing them', async () => {
    const producer = await startProducer({
      status: 401,
      headers: { 'content-type': 'application/json' },
      json: { error: 'invalid_client', error_description: CREDENTIALS.clientSecret },
    });
    const error = await rejection(clientOf(producer.url, CREDENTIALS).client.position());
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect((error as Error).message).toContain('invalid_client');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
    expect(producer.seen.length).toBe(1);
  });

  it.each<[string, Answer]>([
    ['no token', { json: { token_type: 'Bearer' } }],
    ['a token of another type', { json: { access_token: 'canary', token_type: 'mac' } }],
    ['a token that no header can hold', { json: { access_token: 'canary\r\nx: y', token_type: 'Bearer' } }],
    ['no JSON', { text: 'canary' }],
  ])('that get %s fail', async (_what, answer) => {
    const producer = await startProducer(answer);
    const error = await rejection(clientOf(producer.url, CREDENTIALS).client.position());
    expect(error).toMatchObject({ code: 'unexpected_answer' });
    expect(inspect(error)).not.toContain('canary');
  });

  it('are tried again while the token endpoint is unavailable', async () => {
    const producer = await startProducer(
      { status: 503 },
      { status: 429, headers: { 'retry-after': '2' } },
      { json: { access_token: 't1', token_type: 'Bearer', expires_in: 60 } },
      { json: POSITION },
    );
    const { client, slept } = clientOf(producer.url, CREDENTIALS);
    await client.position();
    expect(slept).toEqual([250, 2_500]);
  });

  it('serve the others who wait for the same token when one of them gives up', async () => {
    let answerToken = (): void => undefined;
    const producer = await startProducer((response, { path }) => {
      if (path !== '/oauth/token') respond(response, { json: POSITION });
      else answerToken = () => respond(response, { json: { access_token: 't1', token_type: 'Bearer' } });
    });
    const { client } = clientOf(producer.url, CREDENTIALS);
    const controller = new AbortController();
    const first = rejection(client.position({ signal: controller.signal }));
    const second = client.position();
    await until(() => producer.seen.length === 1, 'the token request');
    controller.abort('enough');
    expect(await first).toBe('enough');
    answerToken();
    expect(await second).toEqual(POSITION);
    expect(requests(producer)).toEqual(['token', 'Bearer t1']);
  });
});

describe('client credentials', () => {
  it('are not exchanged for a call that was given up: nobody would take the error', async () => {
    let asked = 0;
    const send = () => {
      asked += 1;
      return Promise.reject(new Error('refused'));
    };
    const base = { origin: 'http://127.0.0.1:9', path: '' };
    const tokens = new OAuthTokens(CREDENTIALS, base, { send } as unknown as HttpTransport, 1_000, Date.now);
    expect(await rejection(tokens.header(AbortSignal.abort('enough')))).toBe('enough');
    expect(asked).toBe(0);
  });
});

describe("the application's own tokens", () => {
  it('are asked for with every request, and once more when one is refused', async () => {
    const producer = await tokenProducer((token) => token !== 'old');
    const tokens = ['a', 'old', 'b'];
    const { client } = clientOf(producer.url, { accessToken: () => Promise.resolve(tokens.shift() ?? '') });
    await client.position();
    await client.position();
    expect(requests(producer)).toEqual(['Bearer a', 'Bearer old', 'Bearer b']);
  });

  it('that do not change are not sent twice', async () => {
    const producer = await startProducer(problemAnswer(401, 'unauthorized'));
    const { client } = clientOf(producer.url, { accessToken: () => 'same' });
    expect(await rejection(client.position())).toBeInstanceOf(UnauthorizedError);
    expect(producer.seen.length).toBe(1);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['throws', () => Promise.reject(new Error('no'))],
    ['gives nothing', () => ''],
    ['gives what no header can hold', () => 'canary\r\n'],
    ['never answers', () => new Promise<string>(() => undefined)],
  ])('whose function %s send nothing', async (_what, accessToken) => {
    const producer = await startProducer({ json: POSITION });
    const { client } = clientOf(producer.url, { accessToken, timeoutMs: 50 });
    const error = await rejection(client.position());
    expect(error).toBeInstanceOf(AccessTokenError);
    expect(inspect(error)).not.toContain('canary');
    expect(producer.seen).toEqual([]);
  });
});
