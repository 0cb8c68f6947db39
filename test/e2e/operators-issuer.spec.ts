import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';

describe.each(HOSTS)('tokens of the operator’s own issuer (%s with %s)', (platform, database) => {
  let issuer: TestIssuer;
  let silent: TestIssuer;
  let producer: ProducerApp;
  let receiver: string;

  const create = async (body: object) => String((await producer.admin('POST', '/receivers', body)).body.id);
  const call = (token: string, path = '/v1/position') =>
    producer.call('GET', path, { headers: { authorization: `Bearer ${token}` } });

  beforeAll(async () => {
    issuer = await startIssuer();
    silent = await startIssuer();
    silent.up = false;
    const issuers = [issuer, silent].map(({ url, audience, jwksUrl }) => ({
      issuer: url,
      audience,
      jwksUrl,
      receiverClaim: 'receiver',
    }));
    producer = await startProducer(platform, { dispatch: false, issuers }, database);
    receiver = await create({ name: 'r', tenant: 'acme', eventTypes: ['invoice.*'] });
  });
  afterAll(async () => {
    await producer.close();
    await issuer.close();
    await silent.close();
  });

  it('open the fetch API for the receiver that they name, as far as they say', async () => {
    const event = { tenant: 'acme', type: 'invoice.paid', data: { total: 1 } };
    const { id } = (await producer.admin('POST', '/events', event)).body;
    const hidden = (await producer.admin('POST', '/events', { ...event, type: 'order.paid' })).body;
    const others = (await producer.admin('POST', '/events', { ...event, tenant: 'other' })).body;
    const token = await issuer.token({ receiver, sub: 'client-7' });
    expect(await call(token, `/v1/events/${String(id)}`)).toMatchObject({ status: 200, body: { data: { total: 1 } } });
    expect((await call(token, `/v1/events/${String(hidden.id)}`)).status).toBe(404);
    expect((await call(token, `/v1/events/${String(others.id)}`)).status).toBe(404);
    expect((await call(await issuer.token({ receiver, scope: 'pii:read openid' }))).status).toBe(403);
    expect(issuer.asked).toBe(1);
  });

  it('leave audit rows that say whose they were', async () => {
    await call(await issuer.token({ receiver, sub: 'client-8' }));
    const [row] = (await producer.app.get(AccessLog).list({ limit: 1 })).items;
    expect(row).toMatchObject({ receiver, credential: null, kind: 'issuer', identity: 'client-8', status: 200 });
  });

  it('that are bad, or name a receiver that does not exist, get the same bare 401', async () => {
    const unknown = await producer.admin('DELETE', `/receivers/${await create({ name: 'gone' })}`);
    expect(unknown.status).toBe(204);
    const nobody = await call('x.y.z');
    const bad = [
      await issuer.token({ receiver: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' }),
      await issuer.token({ receiver: 'acme' }),
      await issuer.token({}),
      await issuer.token({ receiver, aud: 'https://other.example.com' }),
      await issuer.token({ receiver, iss: 'https://unknown.example.com' }),
      await issuer
        .token({ receiver, iss: silent.url, aud: silent.audience }, { typ: 'at+jwt' })
        .then((token) => `${token}x`),
      await issuer.token({ receiver }, { typ: 'id+jwt' }),
      await issuer.token({ receiver }, { kid: 'k2' }),
    ];
    for (const [at, token] of bad.entries()) {
      // This issuer's keys cannot be had, so nobody can say that the token is bad.
      const expected = at === 5 ? 503 : 401;
      const answer = await call(token);
      expect([at, answer.status]).toEqual([at, expected]);
      if (expected === 503) continue;
      expect(answer.text).toBe(nobody.text);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="signpost", Basic realm="signpost"');
    }
  });

  it('of an issuer that does not answer are 503 with Retry-After, not 401', async () => {
    const answer = await call(await silent.token({ receiver }));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.body.type).toBe('urn:signpost:problem:unavailable');
    expect(answer.text).not.toContain('127.0.0.1');
    for (let n = 0; n < 5; n++) await call(await silent.token({ receiver }));
    expect(silent.asked).toBe(1);
  });

  it('open nothing any more once their receiver is deleted', async () => {
    const gone = await create({ name: 'short' });
    const token = await issuer.token({ receiver: gone });
    expect((await call(token)).status).toBe(200);
    await producer.admin('DELETE', `/receivers/${gone}`);
    expect((await call(token)).status).toBe(401);
  });

  it('are no way to another token, nor into the admin API', async () => {
    const token = await issuer.token({ receiver, scope: 'admin events:publish' });
    expect((await call(token, '/admin/v1/receivers')).status).toBe(401);
  });
});
