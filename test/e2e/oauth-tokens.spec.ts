import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { freshDatabase, type FreshDatabase } from '../support/databases.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';

const PUBLIC_URL = 'https://events.example.com/signpost';
const FORM = 'application/x-www-form-urlencoded';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface Answered {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  error: string;
  error_description?: string;
}

describe.each(HOSTS)('POST /oauth/token (%s with %s)', (platform, database) => {
  let shared: FreshDatabase;
  let producer: ProducerApp;
  let other: ProducerApp;
  let receiver: string;
  let credential: { id: string; apiKey: string };

  const credentials = (path = '') => `/receivers/${receiver}/credentials${path}`;
  const create = async (body: object) => {
    const { status, body: made } = await producer.admin<{ id: string; apiKey: string }>('POST', credentials(), body);
    expect(status).toBe(201);
    return made;
  };
  const ask = (parameters: string | Record<string, string>, headers: Record<string, string> = {}, node = producer) =>
    node.call<Answered>('POST', '/oauth/token', {
      headers: { 'content-type': FORM, ...headers },
      body: typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString(),
    });
  const right = () => ({
    grant_type: 'client_credentials',
    client_id: credential.id,
    client_secret: credential.apiKey,
  });
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  const position = async (token: string, node = producer) =>
    (await node.call('GET', '/v1/position', { headers: { authorization: `Bearer ${token}` } })).status;

  beforeAll(async () => {
    shared = await freshDatabase(database);
    const keep = { ...shared, drop: () => Promise.resolve() };
    const options = { dispatch: false, publicUrl: `${PUBLIC_URL}/` } as const;
    producer = await startProducer(platform, options, keep);
    // A second node, where a database can have one.
    other = database === 'postgres' ? await startProducer(platform, options, keep) : producer;
    receiver = String((await producer.admin('POST', '/receivers', { name: 'r', tenant: 'acme' })).body.id);
    credential = await create({ name: 'c', scopes: ['events:read', 'endpoints:write', 'pii:read'] });
  });
  afterAll(async () => {
    if (other !== producer) await other.close();
    await producer.close();
    await shared.drop();
  });

  it('answers with a token that opens the fetch API, on every node', async () => {
    const { status, headers, body } = await ask(right());
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'events:read endpoints:write pii:read',
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json');
    for (const node of [producer, other]) expect(await position(body.access_token, node)).toBe(200);
  });

  it('makes tokens that another library verifies with the published keys', async () => {
    const { body } = await ask(right());
    const keys = createRemoteJWKSet(new URL(`${other.url}/.well-known/jwks.json`));
    const verified = await jwtVerify(body.access_token, keys, {
      issuer: PUBLIC_URL,
      audience: PUBLIC_URL,
      typ: 'at+jwt',
      algorithms: ['EdDSA'],
    });
    expect(verified.payload).toMatchObject({ sub: credential.id, client_id: credential.id, scope: body.scope });
  });

  it('takes the client by Basic, form-encoded as RFC 6749 says', async () => {
    const grant = { grant_type: 'client_credentials' };
    const encoded = [...credential.apiKey].map((each) => `%${each.charCodeAt(0).toString(16)}`).join('');
    for (const headers of [
      basic(credential.id, credential.apiKey),
      basic(credential.id.replace('_', '%5F'), encoded),
    ]) {
      expect((await ask(grant, headers)).status).toBe(200);
      expect((await ask({ ...grant, client_id: credential.id }, headers)).status).toBe(200);
    }
  });

  it('narrows the token to what was asked for, and never widens it', async () => {
    const scoped = async (scope: string) => (await ask({ ...right(), scope })).body;
    expect(await scoped('pii:read')).toMatchObject({ scope: 'pii:read' });
    expect(await scoped('pii:read events:read pii:read')).toMatchObject({ scope: 'pii:read events:read' });
    // It is included in what the credential has.
    expect(await scoped('endpoints:read')).toMatchObject({ scope: 'endpoints:read' });
    expect(await scoped('')).toMatchObject({ scope: 'events:read endpoints:write pii:read' });
    for (const scope of [
      'billing:read',
      'events:read billing:read',
      'admin',
      ' ',
      'events:read  pii:read',
      'EVENTS:READ',
      '*',
    ]) {
      const { status, body } = await ask({ ...right(), scope });
      expect([scope, status, body.error]).toEqual([scope, 400, 'invalid_scope']);
    }
    const { access_token: token } = await scoped('pii:read');
    const refused = await producer.call('GET', '/v1/position', { headers: { authorization: `Bearer ${token}` } });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="events:read"');
  });

  it('answers one and the same to every client that does not prove itself', async () => {
    const expired = await create({ name: 'e', expiresAt: '2020-01-01T00:00:00Z' });
    const revoked = await create({ name: 'r' });
    await producer.admin('DELETE', credentials(`/${revoked.id}`));
    const grant = { grant_type: 'client_credentials' };
    const wrong = `${credential.apiKey.slice(0, -1)}${credential.apiKey.endsWith('x') ? 'y' : 'x'}`;
    const secret = (id: string, key: string) => ask({ ...grant, client_id: id, client_secret: key });
    const answers = [
      await ask(grant),
      await ask({ ...grant, client_id: credential.id }),
      await ask({ ...grant, client_secret: credential.apiKey }),
      await secret(credential.id, wrong),
      await secret(credential.id, revoked.apiKey),
      await secret(revoked.id, revoked.apiKey),
      await secret(expired.id, expired.apiKey),
      await secret('somebody', 'secret'),
      await ask(grant, basic(credential.id, wrong)),
      await ask(grant, basic(credential.id, '%zz')),
      await ask(grant, { authorization: `Bearer ${credential.apiKey}` }),
      await ask(grant, { authorization: 'Basic !!!' }),
      await ask({ ...grant, client_id: revoked.id }, basic(credential.id, credential.apiKey)),
      await ask({ ...grant, client_assertion_type: JWT_BEARER, client_assertion: 'a.b.c' }),
    ];
    for (const { status, headers, text } of answers) {
      expect([status, text]).toEqual([401, '{"error":"invalid_client"}']);
      expect(headers.get('www-authenticate')).toBe('Basic realm="signpost"');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('refuses what is no form, what stands twice, and what makes no sense', async () => {
    const json = { 'content-type': 'application/json' };
    const twice = `${new URLSearchParams(right()).toString()}&`;
    const both = basic(credential.id, credential.apiKey);
    const { grant_type: _, ...rest } = right();
    const cases: [string, ReturnType<typeof ask>, number, string][] = [
      ['JSON', ask(JSON.stringify(right()), json), 415, 'invalid_request'],
      ['no body', ask(''), 400, 'invalid_request'],
      ['the grant twice', ask(`${twice}grant_type=client_credentials`), 400, 'invalid_request'],
      ['the scope twice', ask(`${twice}scope=events:read&scope=`), 400, 'invalid_request'],
      ['an unknown one twice', ask(`${twice}x=1&x=2`), 400, 'invalid_request'],
      ['a scope that is not UTF-8', ask(`${twice}scope=%FF`), 400, 'invalid_scope'],
      ['no grant', ask(rest), 400, 'invalid_request'],
      ['an empty grant', ask({ ...rest, grant_type: '' }), 400, 'invalid_request'],
      ['another grant', ask({ ...rest, grant_type: 'password' }), 400, 'unsupported_grant_type'],
      ['two ways at once', ask(right(), both), 400, 'invalid_request'],
      ['an assertion without its type', ask({ ...grant(), client_assertion: 'a.b.c' }), 400, 'invalid_request'],
      ['too much', ask({ ...right(), padding: 'x'.repeat(17_000) }), 413, 'invalid_request'],
    ];
    for (const [name, asked, status, error] of cases) {
      const answer = await asked;
      expect([name, answer.status, answer.body.error]).toEqual([name, status, error]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.text).not.toContain(credential.apiKey);
    }
    expect((await ask({ ...right(), unknown: 'ignored' })).status).toBe(200);
  });

  it('takes a client that signs with its own key, each assertion once, over all nodes', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const client = await create({
      name: 'signing',
      scopes: ['events:read'],
      jwks: { keys: [key.publicKey.export({ format: 'jwk' })] },
    });
    expect(client).not.toHaveProperty('apiKey');
    const parameters = async (jti: string = randomUUID()) => ({
      ...grant(),
      client_assertion_type: JWT_BEARER,
      client_assertion: await assertion(client.id, key.privateKey, jti),
    });
    const once = await parameters();
    const answer = await ask(once);
    expect(answer).toMatchObject({ status: 200, body: { scope: 'events:read' } });
    expect(await position(answer.body.access_token)).toBe(200);
    for (const node of [producer, other]) {
      expect(await ask(once, {}, node)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    const same = await parameters();
    const statuses = await Promise.all([producer, other, producer, other].map((node) => ask(same, {}, node)));
    expect(statuses.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401]);
    expect((await ask({ ...(await parameters()), client_id: credential.id })).status).toBe(401);
    expect((await ask({ ...(await parameters()), client_id: client.id })).status).toBe(200);
  });

  it('is understood by an OAuth client of others, in every way to authenticate', async () => {
    const pair = generateKeyPairSync('ed25519');
    const signing = await create({ name: 's', jwks: { keys: [pair.publicKey.export({ format: 'jwk' })] } });
    const privateKey = await crypto.subtle.importKey(
      'jwk',
      pair.privateKey.export({ format: 'jwk' }),
      'Ed25519',
      false,
      ['sign'],
    );
    const server: oauth.AuthorizationServer = { issuer: PUBLIC_URL, token_endpoint: `${producer.url}/oauth/token` };
    const ways: [string, oauth.ClientAuth][] = [
      [credential.id, oauth.ClientSecretBasic(credential.apiKey)],
      [credential.id, oauth.ClientSecretPost(credential.apiKey)],
      [signing.id, oauth.PrivateKeyJwt(privateKey)],
    ];
    for (const [id, auth] of ways) {
      const client: oauth.Client = { client_id: id };
      const answer = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        auth,
        { scope: 'events:read' },
        {
          [oauth.allowInsecureRequests]: true,
        },
      );
      const token = await oauth.processClientCredentialsResponse(server, client, answer);
      expect(token).toMatchObject({ token_type: 'bearer', scope: 'events:read', expires_in: 600 });
      expect(await position(token.access_token)).toBe(200);
    }
    const client: oauth.Client = { client_id: credential.id };
    const refused = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretPost('wrong'),
      {},
      {
        [oauth.allowInsecureRequests]: true,
      },
    );
    await expect(oauth.processClientCredentialsResponse(server, client, refused)).rejects.toBeInstanceOf(
      oauth.WWWAuthenticateChallengeError,
    );
  });

  it('leaves an audit row of each token and of each refusal', async () => {
    await ask(right());
    await ask({ ...right(), client_secret: `${credential.apiKey.slice(0, -1)}!` });
    const { AccessLog } = await import('../../src/producer/access/access-log.js');
    const [refused, given] = (await producer.app.get(AccessLog).list({ limit: 2 })).items;
    expect(given).toMatchObject({ action: 'token', status: 200, receiver, credential: credential.id });
    expect(refused).toMatchObject({ action: 'token', status: 401, receiver: null, credential: null });
  });

  it('gives tokens that end when their credential is revoked, in the middle of a long poll too', async () => {
    const short = await create({ name: 'short' });
    const { body } = await ask({ ...grant(), client_id: short.id, client_secret: short.apiKey });
    const headers = { authorization: `Bearer ${body.access_token}` };
    const waiting = producer.call('GET', '/v1/events?after=now&wait=20', { headers });
    expect(await position(body.access_token)).toBe(200);
    await producer.admin('DELETE', credentials(`/${short.id}`));
    expect(await position(body.access_token)).toBe(401);
    await producer.admin('POST', '/events', { type: 'a.b', tenant: 'acme', data: 1 });
    expect((await waiting).status).toBe(401);
  });

  const grant = () => ({ grant_type: 'client_credentials' });
  const assertion = (id: string, key: KeyObject, jti: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(`${PUBLIC_URL}/oauth/token`)
      .setJti(jti)
      .setExpirationTime('1 min')
      .sign(key);
});
