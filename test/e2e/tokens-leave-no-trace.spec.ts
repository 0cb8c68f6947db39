import { generateKeyPairSync } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { DataSource } from 'typeorm';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { LastUsed } from '../../src/producer/access/last-used.js';
import { SigningKeys } from '../../src/index.js';
import { DATABASES, storedRows } from '../support/databases.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';

const ENDPOINT = 'http://127.0.0.1:3000/oauth/token';

describe.each(DATABASES)('keys, assertions and tokens (%s)', (database) => {
  const logged: unknown[] = [];
  let issuer: TestIssuer;
  let producer: ProducerApp;

  beforeAll(async () => {
    const keep = (...parts: unknown[]) => void logged.push(...parts);
    issuer = await startIssuer();
    const { url, audience, jwksUrl } = issuer;
    producer = await startProducer(
      'fastify',
      { dispatch: false, issuers: [{ issuer: url, audience, jwksUrl }] },
      database,
    );
    Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep, fatal: keep });
  });
  afterAll(async () => {
    Logger.overrideLogger(false);
    await producer.close();
    await issuer.close();
  });

  it('stand in no log, no refusal and no table, whatever becomes of the request', async () => {
    const { id: receiver } = (await producer.admin('POST', '/receivers', { name: 'r' })).body;
    const path = `/receivers/${String(receiver)}/credentials`;
    const pair = generateKeyPairSync('ed25519');
    const keys = [pair.publicKey.export({ format: 'jwk' })];
    const withKey = (await producer.admin<{ id: string; apiKey: string }>('POST', path, { name: 'c' })).body;
    const signing = (await producer.admin('POST', path, { name: 's', jwks: { keys } })).body;
    const answers: string[] = [];
    const secrets: string[] = [withKey.apiKey, String(pair.privateKey.export({ format: 'jwk' }).d)];
    const ask = async (parameters: Record<string, string>) => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await producer.call<{ access_token: string }>('POST', '/oauth/token', { headers, body });
      if (answer.status !== 200) answers.push(answer.text);
      return answer.body.access_token;
    };
    const read = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await producer.call('GET', '/v1/position', { headers });
      answers.push(answer.text);
      return answer.status;
    };
    const assertion = await new SignJWT({
      iss: String(signing.id),
      sub: String(signing.id),
      aud: ENDPOINT,
      jti: 'once',
    })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setExpirationTime('1 min')
      .sign(pair.privateKey);
    const byAssertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    };
    const tokens = [
      await ask({ client_id: withKey.id, client_secret: withKey.apiKey }),
      await ask(byAssertion),
      await issuer.token({ sub: String(receiver) }),
      await issuer.token({ sub: String(receiver), aud: 'other' }),
    ];
    secrets.push(assertion, ...tokens);
    const ring = await producer.app.get(SigningKeys).ring();
    secrets.push(
      ...ring.signing('token', Date.now()).map(({ privateKey }) => String(privateKey.export({ format: 'jwk' }).d)),
    );

    expect(await ask(byAssertion)).toBeUndefined();
    await ask({ client_id: String(signing.id), client_secret: withKey.apiKey });
    const statuses = [];
    for (const token of [...tokens, ...tokens.map((each) => `${each.slice(0, -8)}AAAAAAAA`)])
      statuses.push(await read(token));
    expect(statuses).toEqual([200, 200, 200, 401, 401, 401, 401, 401]);
    await producer.admin('DELETE', `${path}/${withKey.id}`);
    expect(await read(tokens[0] ?? '')).toBe(401);
    issuer.up = false;
    await read(await issuer.token({ sub: String(receiver) }, { kid: 'other' }));

    await producer.app.get(LastUsed).flush();
    await producer.app.get(AccessLog).flush();
    const stored = JSON.stringify([...(await storedRows(producer.app.get(DataSource)))]);
    expect(stored).toContain(String(signing.id));
    expect(logged.join('\n')).toContain('Refused a request');
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      // Any part of it that is long enough to be of use.
      const part = secret.slice(-24);
      expect(logged.join('\n')).not.toContain(part);
      expect(stored).not.toContain(part);
      expect(answers.join('\n')).not.toContain(part);
    }
  });
});
