import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { Child, killAllChildren } from './support/child.js';
import { World } from './support/world.js';

let world: World;

beforeAll(async () => {
  world = await World.create('sqlite', { confirmSchedule: [300] });
}, 60_000);

afterAll(async () => {
  await world?.close();
  await killAllChildren();
});

async function made<T>(path: string, body: object): Promise<T> {
  const answer = await world.producer.admin('POST', path, body);
  expect(answer?.status).toBe(201);
  return answer?.body as T;
}

/** How far each endpoint is with an event. */
async function standing(event: string, endpoint: string): Promise<string | undefined> {
  const answer = await world.producer.admin('GET', `/events/${event}`);
  const { endpoints } = answer?.body as { endpoints: { endpoint: string; state: string }[] };
  return endpoints.find((each) => each.endpoint === endpoint)?.state;
}

describe('invariant 7: delivered means fetched', () => {
  it('a receiver that dies after its 2xx, before it fetches, is signalled again until it has fetched', async () => {
    const receiver = await made<{ id: string }>('/receivers', { name: 'dies', tenant: 'acme' });
    const { apiKey } = await made<{ apiKey: string }>(`/receivers/${receiver.id}/credentials`, { name: 'dies' });
    const start = { port: 0, apiKey, dies: true, fetchFrom: world.producer.baseUrl };
    const dying = new Child('receiver-process.js');
    dying.send({ start });
    const url = (await dying.told('url')) as string;
    const endpoint = await made<{ id: string }>(`/receivers/${receiver.id}/endpoints`, { url, eventTypes: ['*'] });

    const id = await world.published('for-the-dying');
    expect(await dying.end).toBe('SIGKILL');
    await until(async () => (await standing(id, endpoint.id)) === 'signalled', 'an acknowledged signal');

    const reborn = new Child('receiver-process.js');
    reborn.send({ start: { ...start, port: Number(new URL(url).port), dies: false } });
    expect(await reborn.told('fetched')).toBe(id);
    await until(async () => (await standing(id, endpoint.id)) === 'fetched', 'the fetch counting as delivery');
  }, 60_000);

  it('a producer that dies before it has written down a fetch reminds once more, rather than never', async () => {
    const { producer, signals, follower } = world;
    await follower.drain();
    const id = await world.published('fetched-not-written');
    await until(() => signals.eventsAt('/all').has(id), 'the signal of the event');
    // Asking for the position writes down what was fetched so far, so that the next write is that of the page.
    await world.position();
    await producer.arm({ point: 'feed: the page is answered, the marks are not written', nth: 1 });
    expect((await follower.page())?.events.map((event) => event.id)).toContain(id);
    await producer.death();
    const before = signals.all.length;

    await producer.start();
    const reminded = () => signals.all.slice(before).some(({ path, body }) => path === '/all' && body.includes(id));
    await until(reminded, 'a reminder');
    await world.settle();
    expect(await world.broken()).toMatchObject({ 'invariant 5: a repeated signal has the same id and bytes': [] });
  }, 60_000);
});
