import type { ProducerApp } from './producer-app.js';

export interface Subscribed {
  receiver: string;
  endpoint: string;
  secret: string;
  apiKey: string;
  credential: string;
  /** A request to the fetch API with the receiver's key. */
  fetch<T = Record<string, unknown>>(
    path: string,
    headers?: Record<string, string>,
  ): ReturnType<ProducerApp['call']> & Promise<{ body: T }>;
}

/** A receiver with a key and an endpoint, made over the admin API as an operator does. */
export async function subscribe(
  producer: ProducerApp,
  url: string,
  {
    tenant = 'acme',
    eventTypes = ['*'],
    readable = ['*'],
    ...endpoint
  }: { tenant?: string; eventTypes?: string[]; readable?: string[] } & Record<string, unknown> = {},
): Promise<Subscribed> {
  const receiver = await created(producer, '/receivers', { name: 'test', tenant, eventTypes: readable });
  const credential = await created(producer, `/receivers/${receiver.id}/credentials`, { name: 'test' });
  const made = await created(producer, `/receivers/${receiver.id}/endpoints`, { url, eventTypes, ...endpoint });
  const apiKey = String(credential.apiKey);
  return {
    receiver: String(receiver.id),
    endpoint: String(made.id),
    secret: String(made.secret),
    apiKey,
    credential: String(credential.id),
    fetch: ((path: string, headers: Record<string, string> = {}) =>
      producer.call('GET', path, {
        headers: { authorization: `Bearer ${apiKey}`, ...headers },
      })) as Subscribed['fetch'],
  };
}

export async function publish(
  producer: ProducerApp,
  event: Record<string, unknown>,
): Promise<{ id: string; cursor: string }> {
  return (await created(producer, '/events', { tenant: 'acme', data: {}, ...event })) as { id: string; cursor: string };
}

async function created(producer: ProducerApp, path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await producer.admin('POST', path, body);
  if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
  return answer.body;
}
