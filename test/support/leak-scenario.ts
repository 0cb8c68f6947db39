import { generateKeyPairSync } from 'node:crypto';
import { expect } from '@jest/globals';
import { SignJWT } from 'jose';
import { DataSource } from 'typeorm';
import { Dispatcher, rotateMasterKey, SignpostHealth, SigningKeys } from '../../src/index.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { generateApiKey } from '../../src/producer/access/api-key.js';
import { LastUsed } from '../../src/producer/access/last-used.js';
import type { CredentialId } from '../../src/protocol/ids.js';
import { generateSecret } from '../../src/protocol/secrets.js';
import {
  PAYLOAD,
  SENSITIVE,
  REFUSED_PAYLOAD,
  LIVE,
  SUBJECT,
  IDEMPOTENCY,
  IN_PATH,
  IN_QUERY,
  IN_REFUSED_URL,
  USER,
  PASSWORD,
  BEARER,
  HEADER,
  MEMBER,
  ANSWERED,
  NEVER_RIGHT,
  OLD_MASTER,
  NEW_MASTER,
} from './canaries.js';
import type { Database } from './databases.js';
import type { LeakSearch } from './leak-search.js';
import { startProducer, TEST_ADMIN_KEY, type ProducerApp } from './producer-app.js';
import type { ReceivedSignal, SignalReceiver } from './signal-receiver.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PUBLIC_URL = 'https://events.example.com';
/** Everything secret that the scenario was given. */
export interface Secrets {
  keys: string[];
  adminKeys: string[];
  secrets: string[];
  rotated: string[];
  tokens: string[];
  assertions: string[];
  privateKeys: string[];
  challenges: string[];
  digests: string[];
}

/** A producer whose own keys are canaries, and whose application fails with payloads in its messages. */
export function startWithCanaries(database: Database): Promise<ProducerApp> {
  const fails = (): never => {
    throw new Error(`no ${PAYLOAD} ${SENSITIVE} ${LIVE}`);
  };
  return startProducer(
    'fastify',
    {
      masterKey: OLD_MASTER,
      previousMasterKeys: [NEW_MASTER],
      publicUrl: PUBLIC_URL,
      dispatch: { signalTimeoutMs: 300 },
      policy: { canRead: ({ type }) => (type === 'policy.fails' ? fails() : true) },
      currentViews: [{ types: ['*'], resolve: fails }],
    },
    database,
  );
}

/** Everything that can be done with a secret, right and wrong. */
export async function everythingWithCanaries(
  producer: ProducerApp,
  target: SignalReceiver,
  search: LeakSearch,
): Promise<Secrets> {
  const { app } = producer;
  const dispatcher = app.get(Dispatcher);
  // The test says when signals go.
  await dispatcher.stop();
  const call = async (method: string, path: string, headers: Record<string, string>, body?: string, note = '') => {
    const answer = await producer.call(method, path, { headers, ...(body === undefined ? {} : { body }) });
    const place = `answer ${method} ${path.split('?')[0]} ${answer.status}${note}`;
    search.see(place, `${JSON.stringify([...answer.headers])}\n${answer.text}`);
    return answer;
  };
  const json = (bearer: string) => (method: string, path: string, body?: unknown) =>
    call(
      method,
      path,
      { authorization: `Bearer ${bearer}`, ...(body === undefined ? {} : JSON_TYPE) },
      body === undefined ? undefined : JSON.stringify(body),
    );
  const asAdmin = json(TEST_ADMIN_KEY);
  const admin = (method: string, path: string, body?: unknown) => asAdmin(method, `/admin/v1${path}`, body);
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  const text = (value: unknown) => String(value);

  // Whoever there is.
  const adminKey = text((await admin('POST', '/keys', { name: 'k', scopes: ['events:publish'] })).body.apiKey);
  const receiver = text((await admin('POST', '/receivers', { name: 'r', tenant: 'acme' })).body.id);
  const sensitiveFields = [{ pointer: '/email', scope: 'pii:read' }];
  await admin('POST', '/event-types', { name: 'a.b', sensitiveFields });
  await admin('POST', '/event-types', { name: 'policy.fails', sensitiveFields });
  const credentials = `/receivers/${receiver}/credentials`;
  const made = async (body: object) => (await admin('POST', credentials, { name: 'c', ...body })).body;
  const plain = await made({});
  const pii = await made({ scopes: ['events:read', 'pii:read'] });
  const writer = await made({ scopes: ['events:read', 'endpoints:write'] });
  const pair = generateKeyPairSync('ed25519');
  const signing = await made({ jwks: { keys: [pair.publicKey.export({ format: 'jwk' })] } });
  const keys = [plain, pii, writer].map(({ apiKey }) => text(apiKey));
  const [plainKey = '', piiKey = '', writerKey = ''] = keys;
  const foreign = generateApiKey('sp', text(plain.id) as CredentialId).text;
  const publishing = json(adminKey);

  // Endpoints, by their operator.
  const token = `${IN_PATH}?token=${IN_QUERY}`;
  const endpoint = async (at: string, auth: object, signature: string) =>
    (
      await admin('POST', `/receivers/${receiver}/endpoints`, {
        url: `${target.url}${at}/${token}`,
        eventTypes: ['*'],
        auth,
        signature,
      })
    ).body;
  const endpoints = [
    await endpoint('/a', { basic: { username: USER, password: PASSWORD } }, 'standard'),
    await endpoint('/b', { bearer: BEARER }, 'github'),
    await endpoint('/c', { header: { name: 'x-key', value: HEADER } }, 'rfc9421+ed25519'),
  ];
  const ids = endpoints.map(({ id }) => text(id));
  const at = `/endpoints/${ids[0]}`;
  const rotated = [text((await admin('POST', `${at}/rotate-secret`, { overlap: 3600 })).body.secret)];
  for (const bad of [
    { url: `http://10.0.0.1/${IN_REFUSED_URL}` },
    { url: `http://${USER}:${PASSWORD}@example.com/${IN_REFUSED_URL}` },
    { url: `nonsense ${IN_REFUSED_URL}` },
    { auth: { basic: { username: `${USER}:`, password: PASSWORD } } },
    { auth: { bearer: `${BEARER} x` } },
    { auth: { header: { name: 'host', value: HEADER } } },
    { [MEMBER]: 1 },
  ]) {
    await admin('PATCH', at, bad);
  }
  await admin('POST', `${at}/rotate-secret`, { secret: generateSecret() });

  // Publishing.
  const event = { type: 'a.b', tenant: 'acme', subject: SUBJECT, data: { secret: PAYLOAD, email: SENSITIVE } };
  const publish = (body: unknown, headers = {}) =>
    call(
      'POST',
      '/admin/v1/events',
      { authorization: `Bearer ${adminKey}`, ...JSON_TYPE, ...headers },
      typeof body === 'string' ? body : JSON.stringify(body),
    );
  const once = { 'idempotency-key': IDEMPOTENCY };
  const { id } = (await publish(event, once)).body;
  await publish(event, once);
  const refused = { ...event, data: REFUSED_PAYLOAD };
  await publish(refused, once);
  await publish({ ...refused, type: 'bad type' });
  await publish({ ...refused, [MEMBER]: 1 });
  await publish(`{"type":"a.b","data":"${REFUSED_PAYLOAD}`);
  await publish(refused, { authorization: `Bearer ${NEVER_RIGHT}` });
  await publishing('POST', '/admin/v1/events/batch', { events: [event, { ...refused, subject: 1 }] });
  await publishing('POST', '/admin/v1/events/batch', { events: [event, event] });
  const failing = (await publish({ ...event, type: 'policy.fails' })).body;
  await whileTheDatabaseFails(app.get(DataSource), async () => {
    await publish({ ...refused, type: 'db.fails' });
    await admin('POST', `/receivers/${receiver}/endpoints`, {
      url: `${target.url}/db.fails/${IN_REFUSED_URL}`,
      eventTypes: ['db.fails'],
      auth: { bearer: BEARER },
      description: 'db.fails',
    });
  });

  // Signals, with every end.
  await dispatcher.runOnce();
  const answers: SignalReceiver['answer'][] = [
    (_, response) => response.writeHead(500, { 'x-answered': ANSWERED }).end(ANSWERED),
    (_, response) => response.writeHead(302, { location: `${target.url}/${ANSWERED}` }).end(),
    (_, response) => response.writeHead(429, { 'retry-after': ANSWERED }).end(ANSWERED),
    (_, response) => void response.destroy(),
    () => undefined,
    (_, response) => response.writeHead(202).end(ANSWERED),
  ];
  for (const answer of answers) {
    target.answer = answer;
    await admin('POST', `${at}/test`);
  }
  for (const each of ids.slice(1)) await admin('POST', `/endpoints/${each}/test`);
  const url = `${target.url.replace('http:', 'https:')}/a/${token}`;
  await admin('PATCH', at, { url });
  await admin('POST', `${at}/test`);
  await admin('PATCH', at, { url: `http://127.0.0.1:1/a/${token}` });
  await admin('POST', `${at}/test`);

  // Own endpoints.
  const own = json(writerKey);
  const mine = (await own('POST', '/v1/endpoints', { url: `${target.url}/own/${token}`, eventTypes: ['*'] })).body;
  const path = `/v1/endpoints/${text(mine.id)}`;
  target.answer = (_, response) => response.writeHead(200, JSON_TYPE).end(JSON.stringify({ challenge: ANSWERED }));
  await dispatcher.runOnce();
  await own('POST', `${path}/test`);
  target.answer = (_, response) => response.writeHead(500).end(ANSWERED);
  await own('POST', `${path}/verify`);
  await dispatcher.runOnce();
  target.answer = proving;
  await own('POST', `${path}/verify`);
  await dispatcher.runOnce();
  await own('POST', `${path}/test`);
  await own('PATCH', path, { auth: { bearer: `${BEARER}\n` } });
  await own('PATCH', path, { url: `http://10.0.0.1/${IN_REFUSED_URL}` });
  await own('POST', '/v1/endpoints', { url: `http://169.254.169.254/${IN_REFUSED_URL}`, eventTypes: ['*'] });
  rotated.push(text((await own('POST', `${path}/rotate-secret`, {})).body.secret));
  for (const each of ['/v1/endpoints', path, `${path}/signals`]) await own('GET', each);

  // Tokens.
  const ask = (form: Record<string, string>, headers = {}) =>
    call(
      'POST',
      '/oauth/token',
      { ...FORM, ...headers },
      new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
    );
  const assertion = await new SignJWT({
    iss: text(signing.id),
    sub: text(signing.id),
    aud: `${PUBLIC_URL}/oauth/token`,
  })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setJti('once')
    .setExpirationTime('1 min')
    .sign(pair.privateKey);
  const byAssertion = { client_assertion_type: JWT_BEARER, client_assertion: assertion };
  const tokens = [
    await ask({ client_id: text(plain.id), client_secret: plainKey }),
    await ask({}, basic(text(writer.id), writerKey)),
    await ask(byAssertion),
  ].map(({ body }) => text(body.access_token));
  await ask(byAssertion);
  await ask({ client_id: text(plain.id), client_secret: NEVER_RIGHT });
  await ask({ client_id: text(plain.id), client_secret: foreign });
  await ask({ ...byAssertion, client_assertion: `${assertion}AAAA` });
  await ask({ client_id: text(plain.id), client_secret: plainKey, scope: NEVER_RIGHT });
  await ask({ client_secret: plainKey }, basic(text(plain.id), plainKey));

  // Reading.
  const one = `/v1/events/${text(id)}`;
  const read = (where: string, headers: Record<string, string>, note?: string) =>
    call('GET', where, headers, undefined, note);
  const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
  const good = [bearer(plainKey), basic(text(plain.id), plainKey), ...tokens.map(bearer)];
  for (const headers of good) await read(one, headers);
  await read('/v1/events', bearer(plainKey));
  for (const where of [one, '/v1/events']) await read(where, bearer(piiKey), ' pii');
  const wrong = [
    NEVER_RIGHT,
    foreign,
    `${plainKey}x`,
    TEST_ADMIN_KEY,
    adminKey,
    text(endpoints[0]?.secret),
    `${tokens[0]}AAAA`,
  ];
  for (const credential of wrong) await read(one, bearer(credential));
  await read(one, basic(text(plain.id), NEVER_RIGHT));
  await read(one, { authorization: NEVER_RIGHT });
  await read(`/v1/events/${NEVER_RIGHT}`, bearer(plainKey));
  await read(`${one}?token=${NEVER_RIGHT}`, {});
  await read(`/v1/events?after=${NEVER_RIGHT}`, bearer(plainKey));
  await read(`${one}?view=current`, bearer(plainKey));
  await read(`/v1/events/${text(failing.id)}`, bearer(piiKey));
  await json(plainKey)('POST', '/v1/events/batch', { ids: [id, failing.id] });
  await json(plainKey)('POST', '/v1/acks', { cursor: NEVER_RIGHT });
  await asAdmin('GET', `/v1/events/${text(id)}`);
  await json(plainKey)('GET', '/admin/v1/stats');

  // What operators see, with the master key rotated in between.
  const { resealed } = await rotateMasterKey(app.get(DataSource), {
    masterKey: NEW_MASTER,
    previousMasterKeys: [OLD_MASTER],
  });
  expect(resealed).toBeGreaterThan(5);
  for (const each of ids.slice(1)) await admin('POST', `/endpoints/${each}/test`);
  await app.get(DataSource).query(`UPDATE signpost_endpoint SET auth_sealed = url_sealed, version = version + 1`);
  for (const each of ids) await admin('POST', `/endpoints/${each}/test`);
  for (const each of ids) for (const what of ['', '/signals']) await admin('GET', `/endpoints/${each}${what}`);
  for (const list of [
    '/events',
    `/events/${text(id)}`,
    '/receivers',
    credentials,
    '/keys',
    '/changes',
    '/access',
    '/stats',
  ]) {
    await admin('GET', list);
  }
  await call('GET', '/.well-known/jwks.json', {});
  await admin('DELETE', `${credentials}/${text(plain.id)}`);
  await read(one, bearer(plainKey));

  search.see('health', JSON.stringify(await app.get(SignpostHealth).check()));
  await app.get(LastUsed).flush();
  await app.get(AccessLog).flush();
  for (const { path: to, headers, body } of target.signals) {
    search.see(`signal to ${/^\/\w+/.exec(to)?.[0]}`, `${JSON.stringify(headers)}\n${body}`);
  }
  await search.seeStored(app.get(DataSource));
  const ring = await app.get(SigningKeys).ring();
  const events = await app
    .get(DataSource)
    .query<{ d: string }[]>('SELECT idempotency_digest AS d FROM signpost_event WHERE idempotency_digest IS NOT NULL');
  return {
    keys: [...keys, foreign],
    adminKeys: [adminKey],
    secrets: [...endpoints, mine].map(({ secret }) => text(secret)),
    rotated,
    tokens,
    assertions: [assertion],
    privateKeys: [pair.privateKey, ...ring.signing('token', Date.now()).map(({ privateKey }) => privateKey)].map(
      (key) => text(key.export({ format: 'jwk' }).d),
    ),
    challenges: target.signals.flatMap(({ json: { data } }) => (data as { challenge?: string }).challenge ?? []),
    digests: events.map(({ d }) => d),
  };
}

function proving({ json: { data } }: ReceivedSignal, response: Parameters<SignalReceiver['answer']>[1]): void {
  const { challenge } = data as { challenge?: string };
  if (challenge === undefined) response.writeHead(202).end();
  else response.writeHead(200, JSON_TYPE).end(JSON.stringify({ challenge }));
}

/** The database refuses a row, and says what was in it as well as it can. */
async function whileTheDatabaseFails(dataSource: DataSource, work: () => Promise<void>): Promise<void> {
  const refused = [
    ['signpost_event', 'type'],
    ['signpost_endpoint', 'description'],
  ] as const;
  const postgres = dataSource.options.type === 'postgres';
  for (const [table, column] of refused) {
    await dataSource.query(
      postgres
        ? `ALTER TABLE ${table} ADD CONSTRAINT ${table}_refused CHECK (${column} <> 'db.fails') NOT VALID`
        : `CREATE TRIGGER ${table}_refused BEFORE INSERT ON ${table} WHEN NEW.${column} = 'db.fails' BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
  }
  await work();
  for (const [table] of refused) {
    await dataSource.query(
      postgres ? `ALTER TABLE ${table} DROP CONSTRAINT ${table}_refused` : `DROP TRIGGER ${table}_refused`,
    );
  }
}
