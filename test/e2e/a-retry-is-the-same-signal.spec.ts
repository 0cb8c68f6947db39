import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ManualClock } from '../support/clock.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type ReceivedSignal, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';

const signatureOf = (secret: string, { headers, body }: ReceivedSignal): string =>
  new Webhook(secret).sign(String(headers['webhook-id']), new Date(Number(headers['webhook-timestamp']) * 1_000), body);

describe.each(HOSTS)('invariant 5, on %s with %s: a retry is the same signal', (platform, database) => {
  let producer: ProducerApp;
  let receiver: SignalReceiver;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    receiver = await startSignalReceiver();
    producer = await startProducer(platform, { dispatch: false, now: clock.now, random: () => 0.5 }, database);
  });
  afterEach(async () => {
    await producer.close();
    await receiver.close();
  });

  it('same id and bytes, fresh timestamp and signature, under the present URL and secrets', async () => {
    const { endpoint, secret } = await subscribe(producer, `${receiver.url}/old`);
    receiver.answer = (_, response) => response.writeHead(500).end();
    await publish(producer, { type: 'a' });
    await producer.dispatchOnce();
    const first = receiver.signals[0];

    await publish(producer, { type: 'a' });
    const rotated = await producer.admin('POST', `/endpoints/${endpoint}/rotate-secret`, {});
    const newSecret = String(rotated.body.secret);
    clock.advance(5_000);
    await producer.dispatchOnce();
    const moved = await producer.admin('PATCH', `/endpoints/${endpoint}`, { url: `${receiver.url}/new` });
    expect(moved.status).toBe(200);
    clock.advance(30_000);
    receiver.answer = (_, response) => response.writeHead(202).end();
    await producer.dispatchOnce();

    const attempts = receiver.signals.filter((signal) => signal.headers['webhook-id'] === first?.headers['webhook-id']);
    const [one, two] = attempts;
    const last = attempts.at(-1);
    if (!one || !two || !last) throw new Error('three attempts were expected');
    expect(attempts.map((attempt) => attempt.body)).toEqual(attempts.map(() => one.body));
    expect(Number(last.headers['webhook-timestamp'])).toBeGreaterThan(Number(one.headers['webhook-timestamp']));
    expect(one.path).toBe('/old');
    expect(last.path).toBe('/new');
    expect(String(one.headers['webhook-signature']).split(' ')).toEqual([signatureOf(secret, one)]);
    // During the overlap both secrets verify.
    const both = [signatureOf(newSecret, two), signatureOf(secret, two)];
    expect(String(two.headers['webhook-signature']).split(' ').sort()).toEqual(both.sort());

    clock.advance(86_400_000);
    await publish(producer, { type: 'a' });
    await producer.dispatchOnce();
    const later = receiver.signals.at(-1);
    if (!later) throw new Error('a signal was expected');
    expect(String(later.headers['webhook-signature']).split(' ')).toEqual([signatureOf(newSecret, later)]);
  });
});
