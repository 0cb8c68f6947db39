import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessView } from '../../src/producer/access/access-log.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import type { ReceiverId } from '../../src/protocol/ids.js';
import { DATABASES } from '../support/databases.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';

const UNKNOWN = 'evt_01kaz8fp3wfj2taq4k3bv8s5ch';
/** More than one look goes through, twice. */
const OTHERS = 25_000;

interface Page {
  items: AccessView[];
  cursor: string | null;
  more: boolean;
}

describe.each(DATABASES)('the audit of reads on %s', (database) => {
  let producer: ProducerApp;
  const clock = { now: 1_795_455_000_000 };
  beforeAll(async () => {
    producer = await startProducer('fastify', { dispatch: false, now: () => clock.now }, database);
  });
  afterAll(() => producer.close());

  const reader = async (tenant: string) => {
    const receiver = await producer.admin<{ id: string }>('POST', '/receivers', { name: 'r', tenant });
    const credential = await producer.admin<{ id: string; apiKey: string }>(
      'POST',
      `/receivers/${receiver.body.id}/credentials`,
      { name: 'c' },
    );
    const headers = { authorization: `Bearer ${credential.body.apiKey}`, 'content-type': 'application/json' };
    return {
      receiver: receiver.body.id,
      credential: credential.body.id,
      get: (path: string, accept = 'application/json') =>
        producer.call<{ cursor: string }>('GET', `/v1${path}`, { headers: { ...headers, accept } }),
      batch: (ids: string[]) => producer.call('POST', '/v1/events/batch', { headers, body: JSON.stringify({ ids }) }),
    };
  };
  const publish = async (tenant: string) =>
    (await producer.admin<{ id: string }>('POST', '/events', { type: 'a.b', tenant, data: { canary: 'canary7f3a' } }))
      .body.id;
  const page = async (query: string) => {
    const answer = await producer.admin<Page>('GET', `/access?${query}`);
    expect([query, answer.status]).toEqual([query, 200]);
    return answer.body;
  };
  /** Every page of a question. */
  const found = async (query: string) => {
    const items: AccessView[] = [];
    let pages = 0;
    for (let after = '', more = true; more; pages++) {
      const next = await page(`${query}${after}`);
      items.push(...next.items);
      more = next.more;
      after = `&after=${next.cursor}`;
    }
    return { items, pages };
  };
  const kinds = ({ items }: { items: AccessView[] }) => items.map(({ action, status }) => `${action} ${status}`);

  it('answers who was handed an event, in whatever way, and who was refused it', async () => {
    const [acme, other] = [await reader('acme'), await reader('other')];
    const [before, event, behind] = [await publish('acme'), await publish('acme'), await publish('acme')];
    await publish('other');
    await acme.get(`/events/${event}`);
    await acme.get(`/events/${before}`);
    await other.get(`/events/${event}`);
    await acme.batch([before, event]);
    await acme.batch([before, behind]);
    const first = await acme.get('/events?limit=1');
    const second = await acme.get(`/events?limit=1&after=${first.body.cursor}`);
    await acme.get(`/events?limit=1&after=${second.body.cursor}`);
    await other.get('/events');

    expect(kinds(await page(`event=${event}`))).toEqual(['feed 200', 'batch 200', 'event 404', 'event 200']);
    expect(kinds(await page(`event=${event}&receiver=${other.receiver}`))).toEqual(['event 404']);
    expect(kinds(await page(`event=${event}&credential=${acme.credential}`))).toEqual([
      'feed 200',
      'batch 200',
      'event 200',
    ]);
    expect(kinds(await page(`receiver=${acme.receiver}`))).toHaveLength(7);
    expect(JSON.stringify(await page('limit=1000'))).not.toContain('canary7f3a');
  });

  it('says which types a page of the feed was asked for with, as many as are kept, and never a key that was pasted there', async () => {
    const { receiver, get } = await reader('acme');
    const rows = async () => (await page(`receiver=${receiver}`)).items.map(({ types }) => types);
    const long = Array.from({ length: 9 }, (_, n) => `${'a'.repeat(126)}.${n}`);
    await get('/events');
    await get('/events?types=invoice.paid,invoice.*&types=*');
    await get(`/events?types=${long.join(',')}`);
    await get('/events?types=sp_canary7f3a,whsec_canary7f3a,a.b');
    await get('/events?types=canary7f3a-1');
    expect(await rows()).toEqual([
      ['not-a-type', 'not-a-type', 'a.b'],
      [...long.slice(0, 8), '…'],
      ['invoice.paid', 'invoice.*', '*'],
      null,
    ]);
  });

  it('says so of each page of a long answer', async () => {
    const { receiver, get } = await reader('acme');
    await publish('acme');
    const { status } = await get('/events?types=a.*', 'application/x-ndjson');
    const { items } = await page(`receiver=${receiver}`);
    expect([status, items.length > 0, items.every(({ types }) => types?.join() === 'a.*')]).toEqual([200, true, true]);
  });

  it('knows who asked for an event that is not there', async () => {
    const { get } = await reader('acme');
    await get(`/events/${UNKNOWN}`);
    expect(kinds(await page(`event=${UNKNOWN}`))).toEqual(['event 404']);
  });

  it('is gone through in bounded pieces, and a page says how far it looked', async () => {
    const acme = await reader('acme');
    const event = await publish('acme');
    await acme.get(`/events/${event}`);
    await acme.batch([event]);
    const log = producer.app.get(AccessLog);
    const receiver = acme.receiver as ReceiverId;
    clock.now += 1_000;
    for (let n = 0; n < OTHERS; n++) {
      log.record({
        receiver,
        credential: null,
        action: 'feed',
        status: 200,
        after: 0,
        through: 0,
        count: 0,
        address: null,
      });
      if (n % 5_000 === 0) await log.flush();
    }
    await log.flush();
    clock.now += 1_000;
    await acme.get(`/events/${event}`);

    const first = await page(`event=${event}`);
    expect([kinds(first), first.more]).toEqual([['event 200'], true]);
    const all = await found(`event=${event}`);
    expect([kinds(all), all.pages]).toEqual([['event 200', 'batch 200', 'event 200'], 3]);
    expect(kinds(await found(`event=${event}&limit=1`))).toEqual(kinds(all));
    expect((await found(`receiver=${receiver}&credential=${acme.credential}`)).items).toHaveLength(3);
    const since = new Date(clock.now).toISOString();
    expect((await found(`receiver=${receiver}&since=${since}`)).items).toHaveLength(1);
    expect((await found(`receiver=${receiver}&credential=${acme.credential}&until=${since}`)).items).toHaveLength(2);
  });

  it.each([
    'event=x',
    'receiver=key_01kaz8fp3wfj2taq4k3bv8s5ch',
    'credential=',
    'since=2026',
    'after=x',
    'event=1&event=2',
  ])('refuses the question %s', async (query) => {
    expect((await producer.admin('GET', `/access?${query}`)).status).toBe(400);
  });
});
