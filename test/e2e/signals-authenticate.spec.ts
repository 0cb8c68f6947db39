import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DATABASES, storedRows } from '../support/databases.js';
import { type ProducerApp, startProducer } from '../support/producer-app.js';
import { type SignalReceiver, startSignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';

const basic = Buffer.from('c4nary-üser:c4nary:päss').toString('base64');

describe.each(DATABASES)('an endpoint with an auth (%s)', (database) => {
  let producer: ProducerApp;
  let receiver: SignalReceiver;
  let log: unknown[];
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    receiver = await startSignalReceiver();
    producer = await startProducer('fastify', { dispatch: false, now: () => now }, database);
    log = [];
    const write = (...line: unknown[]) => void log.push(line);
    Logger.overrideLogger({ log: write, warn: write, error: write, debug: write, verbose: write, fatal: write });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await producer.close();
    await receiver.close();
  });

  const newest = () => receiver.signals.at(-1);

  it.each([
    [{ basic: { username: 'c4nary-üser', password: 'c4nary:päss' } }, 'authorization', `Basic ${basic}`],
    [{ bearer: 'c4nary.token==' }, 'authorization', 'Bearer c4nary.token=='],
    [{ header: { name: 'X-Api-Key', value: 'c4nary key' } }, 'x-api-key', 'c4nary key'],
  ])('gets it with every signal: %j', async (auth, name, value) => {
    const { endpoint } = await subscribe(producer, receiver.url, { auth });
    // Events, a retry, a test, and the notice that signals go on.
    receiver.answer = (_, response) => response.writeHead(500).end();
    await publish(producer, { type: 'invoice.paid' });
    await producer.dispatchOnce();
    receiver.answer = (_, response) => response.writeHead(410).end();
    now += 10_000;
    await producer.dispatchOnce();
    receiver.answer = (_, response) => response.writeHead(202).end();
    await producer.admin('POST', `/endpoints/${endpoint}/resume`);
    await producer.dispatchOnce();
    await producer.admin('POST', `/endpoints/${endpoint}/test`);
    const types = receiver.signals.map(({ json }) => json.type);
    expect(types).toEqual(expect.arrayContaining(['events.available', 'endpoint.enabled', 'endpoint.test']));
    expect(types.filter((type) => type === 'events.available').length).toBeGreaterThan(1);
    for (const { headersDistinct } of receiver.signals) expect(headersDistinct[name]).toEqual([value]);

    await producer.admin('PATCH', `/endpoints/${endpoint}`, { auth: null });
    await producer.admin('POST', `/endpoints/${endpoint}/test`);
    expect(newest()?.headers).not.toHaveProperty(name);
  });

  it('shows and logs nothing of it, nor of a token in its URL, whatever goes wrong', async () => {
    const auth = { basic: { username: 'c4naryuser', password: 'c4narypass' } };
    const path = '/in/c4narypath01234567?token=c4naryquery';
    const { receiver: owner, endpoint, secret } = await subscribe(producer, `${receiver.url}${path}`, { auth });
    const answers: string[] = [];
    const ask = async (method: string, at: string, body?: unknown) => {
      answers.push((await producer.admin(method, at, body)).text);
    };
    await ask('GET', `/endpoints/${endpoint}`);
    await ask('GET', `/receivers/${owner}/endpoints`);
    await ask('PATCH', `/endpoints/${endpoint}`, { url: 'http://10.0.0.1/c4narypath01234567' });
    await ask('PATCH', `/endpoints/${endpoint}`, { url: 'http://c4naryuser:c4narypass@example.com/' });
    await ask('PATCH', `/endpoints/${endpoint}`, { auth: { basic: { username: 'c4nary:', password: 'c4narypass' } } });
    await ask('PATCH', `/endpoints/${endpoint}`, { auth: { bearer: 'c4nary pass' } });
    await ask('PATCH', `/endpoints/${endpoint}`, { auth: { header: { name: 'host', value: 'c4narypass' } } });
    for (const status of [500, 301, 429]) {
      receiver.answer = (_, response) => response.writeHead(status, { location: 'http://127.0.0.1/c4nary' }).end();
      await ask('POST', `/endpoints/${endpoint}/test`);
    }
    receiver.answer = (_, response) => void response.destroy();
    await ask('POST', `/endpoints/${endpoint}/test`);
    await receiver.close();
    await ask('POST', `/endpoints/${endpoint}/test`);
    await publish(producer, { type: 'invoice.paid' });
    await producer.dispatchOnce();
    // A sealed value that was damaged.
    const dataSource = producer.app.get(DataSource);
    await dataSource.query(`UPDATE signpost_endpoint SET auth_sealed = url_sealed, version = version + 1`);
    await ask('POST', `/endpoints/${endpoint}/test`);
    await ask('GET', `/endpoints/${endpoint}/signals`);
    expect(answers.length).toBe(14);
    expect(JSON.stringify(log)).toContain('cannot be signalled');
    const everywhere = JSON.stringify([answers, log, ...(await storedRows(dataSource))]);
    expect(everywhere).not.toMatch(/c4nary/i);
    for (const text of ['c4naryuser:c4narypass', 'c4narypath01234567']) {
      expect(everywhere).not.toContain(Buffer.from(text).toString('base64').slice(0, 16));
    }
    expect(everywhere).not.toContain(secret.slice(6));
  });
});
