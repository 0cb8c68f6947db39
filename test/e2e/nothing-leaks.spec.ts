import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { DataSource } from 'typeorm';
import { Dispatcher, rotateMasterKey, SignpostHealth, SigningKeys } from '../../src/index.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { generateApiKey } from '../../src/producer/access/api-key.js';
import { LastUsed } from '../../src/producer/access/last-used.js';
import type { CredentialId } from '../../src/protocol/ids.js';
import { generateSecret } from '../../src/protocol/secrets.js';
import { DATABASES, type Database } from '../support/databases.js';
import { LeakSearch } from '../support/leak-search.js';
import { startProducer, TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type ReceivedSignal, type SignalReceiver } from '../support/signal-receiver.js';

const PAYLOAD = 'canary0payload0d41c';
const SENSITIVE = 'canary0sensitive0e07';
const REFUSED_PAYLOAD = 'canary0refused0payload0a93';
const LIVE = 'canary0live0view05b2f';
const SUBJECT = 'canary0subject0f61e';
const IDEMPOTENCY = 'canary0idempotency0c2d';
const IN_PATH = 'canary0in0path0b77a01';
const IN_QUERY = 'canary0in0query0e12b02';
const IN_REFUSED_URL = 'canary0in0refused0url0c03';
const USER = 'canary0user0a8d2';
const PASSWORD = 'canary0password071fe';
const BEARER = 'canary0bearer0c55d';
const HEADER = 'canary0header0value0e3a';
/** A name of a member, which is told to who sent it, as what is wrong. */
const MEMBER = 'canary0member0name0f4';
const ANSWERED = 'canary0answered0b6c';
const NEVER_RIGHT = 'canary0wrong0credential0d9';
const OLD_MASTER = Buffer.from('canary0master0key0the0former0one').toString('base64');
const NEW_MASTER = Buffer.from('canary0master0key0the0newer00one').toString('base64');

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PUBLIC_URL = 'https://events.example.com';
const ADMIN = /^answer [A-Z]+ \/admin/;
/** Reads of payloads by whom they are for. */
const FETCHED = /^answer (GET|POST) \/v1\/events\S* 20\d/;
const DATA = /^signpost_event\w*\.data$/;
const FILE = /^file /;
/** What this scenario is answered where a secret is shown once. */
const SHOWN = {
  key: /^answer POST \/admin\/v1\/receivers\/\S+\/credentials 201$/,
  adminKey: /^answer POST \/admin\/v1\/keys 201$/,
  secret: /^answer POST \/(admin\/v1\/receivers\/\S+|v1)\/endpoints 201$/,
  rotated: /^answer POST \/(admin\/)?v1\/endpoints\/\S+\/rotate-secret 200$/,
  token: /^answer POST \/oauth\/token 200$/,
};

/** Everything secret that the scenario was given. */
interface Secrets {
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

describe.each(DATABASES)('canaries in everything that is secret (%s)', (database) => {
  const search = new LeakSearch();
  let end: () => void;
  let producer: ProducerApp;
  let target: SignalReceiver;
  let known: Secrets;

  beforeAll(async () => {
    target = await startSignalReceiver();
    producer = await start(database);
    end = search.seeLogs();
    known = await scenario(producer, target, search);
  }, 60_000);
  afterAll(async () => {
    end?.();
    await producer?.close();
    await target?.close();
  });

  it('were through everything', () => {
    const statuses = [200, 201, 204, 400, 401, 404, 409, 500, 503];
    const seen = search.seen.join('\n');
    expect(statuses.filter((status) => !seen.includes(` ${status}`))).toEqual([]);
    const kinds = new Set(target.signals.map(({ json }) => json.type));
    expect(kinds).toEqual(new Set(['events.available', 'endpoint.test', 'endpoint.verification']));
    for (const place of [
      DATA,
      /^log$/,
      /^health$/,
      /^signpost_change\./,
      /^signpost_access\w*\./,
      /^signpost_signal/,
    ]) {
      expect([place, search.seen.some((each) => place.test(each))]).toEqual([place, true]);
    }
    // And would be found.
    expect(search.find(PAYLOAD).join()).toMatch(/signpost_event\w*\.data \(plain\)/);
    expect(search.find(PASSWORD).join()).toMatch(/signal to \/a \(base64/);
  });

  it('of payloads are in the data of the event, and in the answers to who may read it', () => {
    search.expectNowhere('payload', PAYLOAD, [FETCHED, DATA, FILE]);
    search.expectNowhere('sensitive field', SENSITIVE, [/^answer GET \/v1\/events\S* 200 pii$/, DATA, FILE]);
    search.expectNowhere('payload that was refused', REFUSED_PAYLOAD);
    search.expectNowhere('name of a member', MEMBER, [/^answer (POST|PATCH) \/admin\S* 400$/]);
    search.expectNowhere('live view', LIVE);
    const columns = [/^signpost_event\w*\.subject$/, FILE];
    search.expectNowhere('subject', SUBJECT, [FETCHED, ADMIN, ...columns]);
    search.expectNowhere('idempotency key', IDEMPOTENCY, [/^signpost_event\w*\.idempotency_key$/, FILE]);
    for (const digest of known.digests) {
      search.expectNowhere('digest', digest, [/^signpost_event\w*\.idempotency_digest$/, FILE]);
    }
  });

  it('of endpoints go to the endpoint, and nowhere else', () => {
    for (const token of [IN_PATH, IN_QUERY, IN_REFUSED_URL]) search.expectNowhere('token in a URL', token);
    for (const part of [USER, PASSWORD]) search.expectNowhere('Basic', part, [/^signal to \/a$/]);
    search.expectNowhere('Basic, as it is sent', Buffer.from(`${USER}:${PASSWORD}`).toString('base64'), [
      /^signal to \/a$/,
    ]);
    search.expectNowhere('bearer', BEARER, [/^signal to \/b$/]);
    search.expectNowhere('header', HEADER, [/^signal to \/c$/]);
    search.expectNowhere('what a receiver answered', ANSWERED);
    expect(known.challenges.length).toBeGreaterThan(2);
    for (const challenge of known.challenges) search.expectNowhere('challenge', challenge, [/^signal to \/own$/]);
  });

  it.each([
    ['keys', SHOWN.key],
    ['adminKeys', SHOWN.adminKey],
    ['secrets', SHOWN.secret],
    ['rotated', SHOWN.rotated],
    ['tokens', SHOWN.token],
    ['assertions', /^-$/],
    ['privateKeys', /^-$/],
  ] as const)('of %s are shown at most this once', (kind, shown) => {
    expect(known[kind].length).toBeGreaterThan(0);
    for (const secret of known[kind]) {
      // What identifies it stands before; a part of the secret itself would be as bad as all of it.
      for (const part of [secret, secret.slice(-24)]) search.expectNowhere(kind, part, [shown]);
      if (!secret.startsWith('whsec_')) continue;
      const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
      search.expectNowhere(kind, bytes.toString('hex'), [shown]);
      search.expectNowhere(kind, bytes.toString('latin1'), [shown]);
    }
  });

  it('of keys that somebody configured, or got wrong, are nowhere at all', () => {
    search.expectNowhere('admin key', TEST_ADMIN_KEY);
    search.expectNowhere('wrong credential', NEVER_RIGHT);
    for (const key of [OLD_MASTER, NEW_MASTER]) {
      search.expectNowhere('master key', key);
      search.expectNowhere('master key', Buffer.from(key, 'base64').toString('latin1'));
    }
  });

  it('of payloads are nowhere once they are erased', async () => {
    const { status, body } = await producer.admin('POST', '/erasures', { tenant: 'acme', subject: SUBJECT });
    expect([status, Number(body.events) > 0]).toEqual([200, true]);
    await search.seeStored(producer.app.get(DataSource));
    for (const canary of [PAYLOAD, SENSITIVE, REFUSED_PAYLOAD, LIVE]) {
      search.expectNowhere('erased payload', canary, [FETCHED]);
    }
  });
});

function start(database: Database): Promise<ProducerApp> {
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
async function scenario(producer: ProducerApp, target: SignalReceiver, search: LeakSearch): Promise<Secrets> {
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
