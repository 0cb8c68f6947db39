import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLog } from '../../src/producer/access/access-log.js';
import type { ReceiverIdentity } from '../../src/index.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';

describe.each(HOSTS)('a receiver that the application knows by itself (%s with %s)', (platform, database) => {
  let producer: ProducerApp;
  let receiver: string;
  let apiKey: string;
  let credential: string;
  /** By the value of the gateway's header. */
  const known = new Map<string, ReceiverIdentity>();
  let asked = 0;

  const call = (headers: Record<string, string>, path = '/v1/position') => producer.call('GET', path, { headers });
  const audited = async () => (await producer.app.get(AccessLog).list({ limit: 1 })).items[0];

  beforeAll(async () => {
    const identify = ({ headers }: { headers: Record<string, string | undefined> }) => {
      asked += 1;
      const user = headers['x-gateway-user'];
      if (user === 'broken') throw new Error('The directory is down');
      return Promise.resolve(known.get(user ?? ''));
    };
    producer = await startProducer(platform, { dispatch: false, identify }, database);
    receiver = String((await producer.admin('POST', '/receivers', { name: 'r', tenant: 'acme' })).body.id);
    const made = await producer.admin('POST', `/receivers/${receiver}/credentials`, { name: 'c' });
    apiKey = String(made.body.apiKey);
    credential = String(made.body.id);
    known.set('anna', { receiver, id: 'anna' });
    known.set('bob', { receiver, scopes: ['endpoints:read'], id: 'bob' });
    known.set('carl', { receiver, types: ['invoice.*'] });
    known.set('nobody', { receiver: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' });
    known.set('odd', { receiver: 'acme' });
  });
  afterAll(() => producer.close());

  it('reads as far as the application says, and the audit says so', async () => {
    expect((await call({ 'x-gateway-user': 'anna' })).status).toBe(200);
    expect(await audited()).toMatchObject({ receiver, credential: null, kind: 'application', identity: 'anna' });
    expect((await call({ 'x-gateway-user': 'bob' })).status).toBe(403);
    expect(await audited()).toMatchObject({ receiver, kind: 'application', identity: 'bob', status: 403 });
    const event = { tenant: 'acme', data: 1 };
    const paid = String((await producer.admin('POST', '/events', { ...event, type: 'invoice.paid' })).body.id);
    const order = String((await producer.admin('POST', '/events', { ...event, type: 'order.paid' })).body.id);
    expect((await call({ 'x-gateway-user': 'carl' }, `/v1/events/${paid}`)).status).toBe(200);
    expect((await call({ 'x-gateway-user': 'carl' }, `/v1/events/${order}`)).status).toBe(404);
  });

  it('is nobody when the application says so, or names a receiver that does not exist', async () => {
    const bare = await producer.call('GET', '/v1/position');
    expect(bare.status).toBe(401);
    for (const user of ['stranger', 'nobody', 'odd']) {
      const answer = await call({ 'x-gateway-user': user });
      expect([user, answer.status, answer.text]).toEqual([user, 401, bare.text]);
    }
  });

  it('is asked about only where no credential of ours is shown: a bad one is bad, whoever sends it', async () => {
    const wrong = `${apiKey.slice(0, -1)}${apiKey.endsWith('x') ? 'y' : 'x'}`;
    const revoked = (await producer.admin('POST', `/receivers/${receiver}/credentials`, { name: 'r' })).body;
    await producer.admin('DELETE', `/receivers/${receiver}/credentials/${String(revoked.id)}`);
    const ours = `${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.${Buffer.from('{"iss":"http://127.0.0.1:3000"}').toString('base64url')}.x`;
    asked = 0;
    const anna = { 'x-gateway-user': 'anna' };
    expect((await call({ ...anna, authorization: `Bearer ${apiKey}` })).status).toBe(200);
    expect(await audited()).toMatchObject({ credential, kind: 'api-key', identity: null });
    for (const value of [`Bearer ${String(revoked.apiKey)}`, `Bearer ${ours}`]) {
      expect((await call({ ...anna, authorization: value })).status).toBe(401);
    }
    const mixed = Buffer.from(`${String(revoked.id)}:${apiKey}`).toString('base64');
    expect((await call({ ...anna, authorization: `Basic ${mixed}` })).status).toBe(401);
    expect(asked).toBe(0);
    // Neither has the form of a credential of ours: one lacks its checksum, one is of somebody else.
    for (const value of [`Bearer ${wrong}`, 'Bearer a.b.c', 'Basic YW5uYTpzZWNyZXQ=', 'Negotiate YII=']) {
      expect((await call({ ...anna, authorization: value })).status).toBe(200);
    }
    expect(asked).toBe(4);
  });

  it('whose directory fails is answered 500, not let in', async () => {
    expect((await call({ 'x-gateway-user': 'broken' })).status).toBe(500);
  });

  it('that is withdrawn during a long poll gets nothing of it', async () => {
    known.set('dora', { receiver });
    const waiting = call({ 'x-gateway-user': 'dora' }, '/v1/events?after=now&wait=20');
    expect((await call({ 'x-gateway-user': 'dora' })).status).toBe(200);
    known.delete('dora');
    await producer.admin('POST', '/events', { type: 'a.b', tenant: 'acme', data: 1 });
    expect((await waiting).status).toBe(401);
  });

  it('is no operator', async () => {
    expect((await call({ 'x-gateway-user': 'anna' }, '/admin/v1/receivers')).status).toBe(401);
  });
});
