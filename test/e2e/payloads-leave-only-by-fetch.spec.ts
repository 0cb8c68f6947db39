import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { IdGenerator } from '../../src/protocol/ids.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { storedRows } from '../support/databases.js';
import { HOSTS, startProducer, TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';

const PAYLOAD = 'canary-payload-5d1f';
const SUBJECT = 'canary-subject-77ab';
const URL_TOKEN = 'canary0token0in0url0b2c9';

/** Everything that is logged, as text. */
class LogTrap extends ConsoleLogger {
  readonly lines: string[] = [];
  override printMessages(messages: unknown[], context?: string): void {
    this.lines.push(
      `${context} ${messages.map((message) => (message instanceof Error ? message.stack : JSON.stringify(message))).join(' ')}`,
    );
  }
}

describe.each(HOSTS)(
  'invariant 6, on %s with %s: a payload leaves only through the fetch API, to whoever is entitled',
  (platform, database) => {
    let producer: ProducerApp;
    let receiver: SignalReceiver;
    let log: LogTrap;

    beforeEach(async () => {
      log = new LogTrap();
      receiver = await startSignalReceiver();
      producer = await startProducer(platform, { dispatch: false }, database);
      Logger.overrideLogger(log);
    });
    afterEach(async () => {
      await producer.close();
      await receiver.close();
      Logger.overrideLogger(false);
    });

    it('other tenants, types that are not allowed, and what never was get byte-identical 404s, whatever the endpoint’s filter', async () => {
      const mine = await subscribe(producer, receiver.url, { readable: ['open.*'], eventTypes: ['*'] });
      const allowed = await publish(producer, { type: 'open.thing', data: PAYLOAD });
      const forbidden = await publish(producer, { type: 'secret.thing', data: PAYLOAD });
      const foreign = await publish(producer, { type: 'open.thing', tenant: 'globex', data: PAYLOAD });
      expect((await mine.fetch(`/v1/events/${allowed.id}`)).text).toContain(PAYLOAD);

      const answers = [];
      for (const id of [forbidden.id, foreign.id, new IdGenerator().next('evt'), 'evt_nonsense']) {
        const { status, text, headers } = await mine.fetch(`/v1/events/${id}`);
        answers.push({ status, text, names: [...headers.keys()].filter((name) => name !== 'date').sort() });
      }
      expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404, 404]);
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);

      const feed = await mine.fetch<{ events: { id: string }[] }>('/v1/events');
      expect(feed.body.events.map((event) => event.id)).toEqual([allowed.id]);
      await producer.dispatchOnce();
      expect(receiver.signals.flatMap((signal) => signal.json.data.events.map((event) => event.id))).toEqual([
        allowed.id,
      ]);
    });

    it('a right that is withdrawn after the signal is honoured at once', async () => {
      const mine = await subscribe(producer, receiver.url);
      const { id } = await publish(producer, { type: 'open.thing', data: PAYLOAD });
      await producer.dispatchOnce();
      expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(200);
      await producer.admin('PATCH', `/receivers/${mine.receiver}`, { eventTypes: ['other.*'] });
      expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(404);
      await producer.admin('PATCH', `/receivers/${mine.receiver}`, { eventTypes: ['*'] });
      expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(200);
      await producer.admin('DELETE', `/receivers/${mine.receiver}/credentials/${mine.credential}`);
      expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(401);
    });

    it('the signing secret opens nothing, and neither API takes the other’s key', async () => {
      const mine = await subscribe(producer, receiver.url);
      const { id } = await publish(producer, { type: 'a' });
      const status = async (path: string, authorization: string) =>
        (await producer.call('GET', path, { headers: { authorization } })).status;
      expect(await status(`/v1/events/${id}`, `Bearer ${mine.secret}`)).toBe(401);
      expect(await status(`/v1/events/${id}`, `Bearer ${TEST_ADMIN_KEY}`)).toBe(401);
      expect(await status('/admin/v1/receivers', `Bearer ${mine.apiKey}`)).toBe(401);
      const basic = Buffer.from(`${mine.credential}:${mine.apiKey}`).toString('base64');
      expect(await status(`/v1/events/${id}`, `Basic ${basic}`)).toBe(200);
    });

    it('no payload, subject, secret, key or URL token stands in a signal, a log line, an error or a table where it does not belong', async () => {
      const mine = await subscribe(producer, `${receiver.url}/hook/${URL_TOKEN}?token=${URL_TOKEN}`);
      const { id } = await publish(producer, { type: 'a', subject: SUBJECT, data: { deep: [PAYLOAD] } });
      receiver.answer = (_, response) => response.writeHead(500).end(PAYLOAD);
      await producer.dispatchOnce();
      await mine.fetch(`/v1/events/${id}`);
      await mine.fetch('/v1/events');
      const errors = [
        await producer.admin('POST', '/events', { type: 'bad type', data: PAYLOAD }),
        await producer.admin('POST', '/events', { type: 'a', data: PAYLOAD, surprise: PAYLOAD }),
        await producer.call('GET', `/v1/events/${id}`, { headers: { authorization: `Bearer ${mine.apiKey}x` } }),
        await producer.call('POST', '/admin/v1/events', {
          headers: { authorization: `Bearer ${TEST_ADMIN_KEY}`, 'content-type': 'application/json' },
          body: `{"type":"a","data":"${PAYLOAD}`,
        }),
      ];
      expect(errors.map((error) => error.status)).toEqual([400, 400, 401, 400]);
      const listings = [
        await producer.admin('GET', '/events'),
        await producer.admin('GET', `/events/${id}`),
        await producer.admin('GET', `/endpoints/${mine.endpoint}`),
        await producer.admin('GET', `/endpoints/${mine.endpoint}/signals`),
        await producer.admin('GET', '/stats'),
      ];
      await producer.app.get(AccessLog).flush();

      const leaks = [PAYLOAD, URL_TOKEN, mine.secret, mine.apiKey];
      const found = (where: string, text: string, canaries: string[]) =>
        canaries.filter((canary) => text.includes(canary)).map((canary) => `${where}: ${canary}`);
      const wire = receiver.signals.map((signal) => signal.body + JSON.stringify(signal.headers)).join();
      expect(receiver.signals).toHaveLength(1);
      expect(found('signal', wire, [PAYLOAD, SUBJECT, mine.secret, mine.apiKey])).toEqual([]);
      expect(found('log', log.lines.join('\n'), [...leaks, SUBJECT, TEST_ADMIN_KEY])).toEqual([]);
      expect(found('errors', errors.map((error) => error.text).join(), leaks)).toEqual([]);
      expect(found('listings', listings.map((listing) => listing.text).join(), leaks)).toEqual([]);

      const stored = await storedRows(producer.app.get(DataSource));
      expect([...stored.keys()]).toContain('signpost_event');
      for (const [name, rows] of stored) {
        const belongs = name === 'signpost_event' ? [PAYLOAD, SUBJECT] : [];
        expect(
          found(
            name,
            JSON.stringify(rows),
            [...leaks, SUBJECT, TEST_ADMIN_KEY].filter((canary) => !belongs.includes(canary)),
          ),
        ).toEqual([]);
      }
    });
  },
);
