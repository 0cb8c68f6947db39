import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeCursor } from '../../../src/protocol/cursor.js';
import { FakeProducer } from '../../../src/testing/fake-producer.js';
import { type ProducerApp, startProducer } from '../../support/producer-app.js';
import { publish, subscribe } from '../../support/subscribed.js';

/** One side, with the same three events in its log. */
interface Side {
  url: string;
  apiKey: string;
  ids: string[];
  cursors: string[];
}

const EVENTS = [
  { type: 'order.placed', subject: 'a', data: { n: 1 } },
  { type: 'order.paid', subject: 'a', data: [1, 'two', null] },
  { type: 'invoice.sent', subject: null, data: 'text' },
];

let fake: FakeProducer;
let real: ProducerApp;
let sides: { fake: Side; real: Side };

beforeAll(async () => {
  fake = await FakeProducer.start();
  real = await startProducer('fastify', {
    dispatch: false,
    currentViews: [
      { types: ['order.placed'], resolve: () => 'not-yet' },
      { types: ['order.paid'], resolve: () => ({ data: { n: 2 }, version: 7 }) },
    ],
  });
  const { apiKey } = await subscribe(real, 'http://127.0.0.1:9/hook', { tenant: 'default' });
  const ofFake = await fake.publishAll(EVENTS);
  for (const [index, current] of (['not-yet', { data: { n: 2 }, version: 7 }] as const).entries()) {
    const event = ofFake[index];
    if (event) fake.showCurrent(event, current);
  }
  const ofReal: { id: string }[] = [];
  for (const { subject, ...event } of EVENTS) {
    ofReal.push(await publish(real, { tenant: 'default', ...event, ...(subject === null ? {} : { subject }) }));
  }
  const feed = (await ask({ url: real.url, apiKey }, 'GET', '/v1/events?ack=false')).body as {
    events: { cursor: string }[];
  };
  sides = {
    fake: { url: fake.url, apiKey: fake.apiKey, ids: ofFake.map(({ id }) => id), cursors: ofFake.map((e) => e.cursor) },
    real: { url: real.url, apiKey, ids: ofReal.map(({ id }) => id), cursors: feed.events.map(({ cursor }) => cursor) },
  };
});
afterAll(async () => {
  await fake?.close();
  await real?.close();
});

async function ask(
  side: Pick<Side, 'url' | 'apiKey'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(side.url + path, {
    method,
    headers: {
      authorization: `Bearer ${side.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

/** What differs by nature is named, not compared: ids, cursors, times, and words for people. */
function plain(value: unknown, { ids, cursors }: Side): unknown {
  const text = JSON.stringify(value, (key, member: unknown) => {
    if (key === 'detail' || key === 'message') return undefined;
    if (key === 'occurredAt' || key === 'recordedAt' || key === 'asOf') return 'time';
    if (typeof member !== 'string') return member;
    const [id, cursor] = [ids.indexOf(member), cursors.indexOf(member)];
    return id >= 0 ? `event ${id}` : cursor >= 0 ? `cursor ${cursor}` : member;
  });
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

type Request = (side: Side) => [method: string, path: string, body?: unknown];
const nobody = 'evt_01kaz8fp3wfj2taq4k3bv8s5ch';

const REQUESTS: Record<string, Request> = {
  'a page from the start': () => ['GET', '/v1/events?ack=false'],
  'a page of one': () => ['GET', '/v1/events?limit=1&ack=false'],
  'what follows a cursor': ({ cursors }) => ['GET', `/v1/events?after=${cursors[0]}&ack=false`],
  'what follows the last cursor': ({ cursors }) => ['GET', `/v1/events?after=${cursors[2]}&ack=false`],
  'the end of the log': () => ['GET', '/v1/events?after=now&ack=false'],
  'some types': () => ['GET', '/v1/events?types=order.*&ack=false'],
  'a limit too large': () => ['GET', '/v1/events?limit=1001'],
  'a wait too long': () => ['GET', '/v1/events?wait=31'],
  'types that are none': () => ['GET', '/v1/events?types=a..b'],
  'a cursor that is none': () => ['GET', '/v1/events?after=nonsense'],
  'a cursor beyond the log': () => ['GET', `/v1/events?after=${encodeCursor({ partition: 0, position: 999 })}`],
  'one event': ({ ids }) => ['GET', `/v1/events/${ids[1]}`],
  'a view that is none': ({ ids }) => ['GET', `/v1/events/${ids[1]}?view=latest`],
  'a live view': ({ ids }) => ['GET', `/v1/events/${ids[1]}?view=current`],
  'a live view too early': ({ ids }) => ['GET', `/v1/events/${ids[0]}?view=current`],
  'a live view of a type without one': ({ ids }) => ['GET', `/v1/events/${ids[2]}?view=current`],
  'an unknown event': () => ['GET', `/v1/events/${nobody}`],
  'several events': ({ ids }) => ['POST', '/v1/events/batch', { ids: [ids[2], nobody] }],
  'several events, none named': () => ['POST', '/v1/events/batch', { ids: [] }],
  'the position, nothing acknowledged': () => ['GET', '/v1/position'],
  'an ack of nothing': () => ['POST', '/v1/acks', {}],
  'an ack up to a cursor': ({ cursors }) => ['POST', '/v1/acks', { through: cursors[1] }],
  'the position after that': () => ['GET', '/v1/position'],
  'a page that acknowledges': ({ cursors }) => ['GET', `/v1/events?after=${cursors[2]}`],
  'the position after this': () => ['GET', '/v1/position'],
  'a path that is none': () => ['GET', '/v1/nothing'],
};

describe('the fake producer answers as the real one', () => {
  it.each(Object.entries(REQUESTS))('%s', async (_, request) => {
    const ofFake = await ask(sides.fake, ...request(sides.fake));
    const ofReal = await ask(sides.real, ...request(sides.real));
    expect({ status: ofFake.status, body: plain(ofFake.body, sides.fake) }).toEqual({
      status: ofReal.status,
      body: plain(ofReal.body, sides.real),
    });
  });

  it('a wrong key, in status, problem and challenge', async () => {
    const answers = await Promise.all(
      [sides.fake, sides.real].map((side) => ask({ ...side, apiKey: 'sp_wrong' }, 'GET', '/v1/events')),
    );
    const [ofFake, ofReal] = answers.map(({ status, body, headers }) => {
      const { type } = body as { type: string };
      return { status, type, challenge: headers.get('www-authenticate')?.split(' ')[0] };
    });
    expect(ofFake).toEqual(ofReal);
  });

  it('an event that was fetched before, with 304', async () => {
    for (const side of Object.values(sides)) {
      const first = await ask(side, 'GET', `/v1/events/${side.ids[0]}`);
      const etag = first.headers.get('etag') ?? '';
      const again = await ask(side, 'GET', `/v1/events/${side.ids[0]}`, undefined, { 'if-none-match': etag });
      expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, undefined, etag]);
    }
  });
});
