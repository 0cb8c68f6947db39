import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { IdGenerator } from '../../src/protocol/ids.js';
import { Erasing } from '../../src/index.js';
import type { PolicyEvent, PolicyProvider, PolicyReceiver, Projection } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { startProducer, TEST_MASTER_KEY, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe, type Subscribed } from '../support/subscribed.js';
import { resolveOptions } from '../../src/producer/options-validation.js';

const SECRET = 'canary-payload-88c2';

/** What the test lets the policy answer; by default it admits everything. */
class TestPolicy implements PolicyProvider {
  readonly asked: [PolicyEvent, PolicyReceiver][] = [];
  admits: (event: PolicyEvent) => unknown = () => true;
  shows: (event: PolicyEvent) => Projection | undefined = () => undefined;

  canRead(event: PolicyEvent, receiver: PolicyReceiver) {
    this.asked.push([event, receiver]);
    return this.admits(event) as boolean;
  }
  project(event: PolicyEvent) {
    return this.shows(event);
  }
}

class LogTrap extends ConsoleLogger {
  text = '';
  override printMessages(messages: unknown[]): void {
    this.text += messages.map(String).join('\n');
  }
  override printStackTrace(stack: string): void {
    this.text += stack;
  }
}

interface Page {
  events: { id: string; data: unknown; redacted?: string[] }[];
  cursor: string;
  more: boolean;
}

const FAILURES: ((policy: TestPolicy) => void)[] = [
  (policy) => {
    policy.admits = () => {
      throw new TypeError(SECRET);
    };
  },
  (policy) => (policy.admits = () => Promise.reject(new Error(SECRET))),
  (policy) => (policy.admits = () => new Promise(() => undefined)),
  (policy) => (policy.shows = () => ({ data: { n: 1n } })),
  (policy) => (policy.shows = () => ({ withhold: ['email'] })),
  (policy) => (policy.shows = () => ({}) as Projection),
  (policy) => (policy.shows = () => ({ withhold: [], data: 1 })),
];

describe.each(DATABASES)('an application’s policy, on %s', (database) => {
  let producer: ProducerApp;
  let target: SignalReceiver;
  let mine: Subscribed;
  let policy: TestPolicy;
  let log: LogTrap;

  beforeEach(async () => {
    policy = new TestPolicy();
    target = await startSignalReceiver();
    producer = await startProducer('fastify', { dispatch: false, policy, policyTimeoutMs: 500 }, database);
    mine = await subscribe(producer, target.url);
    log = new LogTrap();
    Logger.overrideLogger(log);
  });
  afterEach(async () => {
    await producer.close();
    await target.close();
    Logger.overrideLogger(false);
  });

  const send = (path: string, body: unknown) =>
    producer.call('POST', path, {
      headers: { authorization: `Bearer ${mine.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('is honoured after the signal: what it does not admit any more looks as if it had never been', async () => {
    const { id } = await publish(producer, { type: 'a', subject: 's-1', data: { region: 'eu', SECRET } });
    const other = await publish(producer, { type: 'a', data: 1 });
    await producer.dispatchOnce();
    expect(target.signals[0]?.json.data.events.map((event) => event.id)).toEqual([id, other.id]);
    expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(200);
    policy.admits = ({ data }) => (data as { region?: string }).region !== 'eu';

    const unknown = new IdGenerator().next('evt');
    const answers = [];
    for (const asked of [id, unknown]) {
      const { status, text, headers } = await mine.fetch(`/v1/events/${asked}`);
      answers.push({ status, text, headers: [...headers].filter(([name]) => name !== 'date' && name !== 'ratelimit') });
    }
    expect(answers[0]?.status).toBe(404);
    expect(answers[0]).toEqual(answers[1]);
    const batch = (await send('/v1/events/batch', { ids: [id, unknown] })).body as { results: { problem: unknown }[] };
    expect(batch.results[0]?.problem).toEqual(batch.results[1]?.problem);

    const page = await mine.fetch<Page>('/v1/events?ack=false&limit=1');
    expect(page.body).toMatchObject({ events: [], more: true });
    const next = await mine.fetch<Page>(`/v1/events?ack=false&after=${page.body.cursor}`);
    expect(next.body.events.map((event) => event.id)).toEqual([other.id]);
    for (const accept of ['application/x-ndjson', 'application/cloudevents-batch+json']) {
      const { text } = await mine.fetch('/v1/events?ack=false', { accept });
      expect(text).toContain(other.id);
      expect(text).not.toContain(id);
    }
    policy.admits = () => true;
    expect((await mine.fetch(`/v1/events/${id}`)).text).toContain(SECRET);
  });

  it('is told the event and the receiver', async () => {
    const { id } = await publish(producer, { type: 'a', subject: 's-1', data: { n: 1 } });
    await mine.fetch(`/v1/events/${id}`);
    const [[event, receiver] = []] = policy.asked;
    expect(event).toMatchObject({ id, type: 'a', tenant: 'acme', subject: 's-1', data: { n: 1 }, view: 'snapshot' });
    expect(receiver).toEqual({
      id: mine.receiver,
      tenant: 'acme',
      credential: { id: mine.credential, scopes: ['events:read'] },
    });
  });

  it('an ack by id of what it does not admit moves nothing', async () => {
    const { id } = await publish(producer, { type: 'a' });
    const before = (await mine.fetch('/v1/position')).body;
    policy.admits = () => false;
    expect((await send('/v1/acks', { ids: [id] })).status).toBe(204);
    expect((await mine.fetch('/v1/position')).body).toEqual(before);
    policy.admits = () => true;
    expect((await send('/v1/acks', { ids: [id] })).status).toBe(204);
    expect((await mine.fetch('/v1/position')).body).not.toEqual(before);
  });

  it('only the entitled are told that a payload was erased', async () => {
    const { id } = await publish(producer, { type: 'a', subject: 's-1', data: SECRET });
    await producer.admin('POST', '/erasures', { tenant: 'acme', subject: 's-1' });
    expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(410);
    policy.admits = ({ gone }) => gone !== 'erased';
    expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(404);
  });

  it('what is erased while it thinks is not served', async () => {
    const { id } = await publish(producer, { type: 'a', subject: 's-1', data: SECRET });
    policy.admits = async () => {
      await producer.app.get(Erasing).erase('acme', 's-1');
      return true;
    };
    const single = mine.fetch(`/v1/events/${id}`);
    expect((await mine.fetch('/v1/events?ack=false')).body).toMatchObject({ events: [] });
    expect((await single).status).toBe(410);
  });

  it('takes away parts of the payload, byte for byte, or shows another one', async () => {
    const { id } = await publish(producer, { type: 'a', data: { keep: '1.0', drop: SECRET } });
    policy.shows = () => ({ withhold: ['/drop', '/nothing'] });
    const cut = await mine.fetch(`/v1/events/${id}`);
    expect(cut.body).toMatchObject({ data: { keep: '1.0' }, redacted: ['/drop'] });
    policy.shows = ({ data }) => ({ data: { length: Object.keys(data as object).length }, redacted: ['/drop'] });
    const other = await mine.fetch(`/v1/events/${id}`, { 'if-none-match': cut.headers.get('etag') ?? '' });
    expect(other.body).toMatchObject({ data: { length: 2 }, redacted: ['/drop'] });
    expect((await mine.fetch<Page>('/v1/events')).body.events).toMatchObject([{ data: { length: 2 } }]);
    const again = await mine.fetch(`/v1/events/${id}`, { 'if-none-match': other.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  it('is no way round the sensitive fields: it does not see what is withheld, and cannot put it back', async () => {
    await producer.admin('POST', '/event-types', {
      name: 'a',
      sensitiveFields: [{ pointer: '/email', scope: 'pii:read' }],
    });
    const { id } = await publish(producer, { type: 'a', data: { email: SECRET, n: 1 } });
    const seen: unknown[] = [];
    policy.shows = ({ data }) => {
      seen.push(data);
      return { data: { email: SECRET, m: 2 } };
    };
    const { body, text } = await mine.fetch(`/v1/events/${id}`);
    expect(body).toMatchObject({ data: { m: 2 }, redacted: ['/email'] });
    expect(text).not.toContain(SECRET);
    expect(seen).toEqual([{ n: 1 }]);
  });

  it('that fails is a 503 on every route, and never the payload', async () => {
    const { id } = await publish(producer, { type: 'a', data: SECRET });
    for (const fails of FAILURES) {
      Object.assign(policy, { admits: () => true, shows: () => undefined });
      fails(policy);
      const answers = [
        await mine.fetch(`/v1/events/${id}`),
        await mine.fetch(`/v1/events/${id}`, { accept: 'application/cloudevents+json' }),
        await mine.fetch('/v1/events'),
        await mine.fetch('/v1/events', { accept: 'application/x-ndjson' }),
        await send('/v1/events/batch', { ids: [id] }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
      expect(answers.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
      expect(answers.map(({ text }) => text).join('')).not.toContain(SECRET);
    }
    const audit = await producer.admin<{ items: { action: string; status: number }[] }>('GET', `/access?event=${id}`);
    const refused = audit.body.items.filter(({ status }) => status === 503).map(({ action }) => action);
    expect(refused.filter((action) => action === 'event')).toHaveLength(2 * FAILURES.length);
    expect(log.text).toContain(`The policy's canRead failed for ${id}: TypeError`);
    expect(log.text).not.toContain(SECRET);
  });

  it('anything but true is a no', async () => {
    const { id } = await publish(producer, { type: 'a' });
    for (const answer of [undefined, 1, 'true', {}, Promise.resolve(false)]) {
      policy.admits = () => answer;
      expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(404);
    }
  });
});

describe('a policy that cannot work', () => {
  it.each([{}, { canread: () => true }, { canRead: true }, { canRead: () => true, project: 'all' }])(
    '%p stops the start',
    (policy) => {
      const options = { masterKey: TEST_MASTER_KEY, policy: policy as PolicyProvider };
      expect(() => resolveOptions(options)).toThrow(/policy must have a method canRead/);
    },
  );
});
