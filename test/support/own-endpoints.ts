import type { Answer, ProducerApp } from './producer-app.js';

/** A receiver with keys of one scope each, and what it does with its endpoints over the fetch API. */
export interface OwnEndpoints {
  receiver: string;
  keys: { read: string; look: string; write: string };
  ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<T>>;
}

/** @param tenant of the receiver */
export async function receiverOfItsOwn(producer: ProducerApp, tenant = 'acme'): Promise<OwnEndpoints> {
  const made = async (path: string, body: unknown) => {
    const answer = await producer.admin<{ id: string; apiKey: string }>('POST', path, body);
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  };
  const { id: receiver } = await made('/receivers', { name: 'own', tenant });
  const key = async (...scopes: string[]) =>
    (await made(`/receivers/${receiver}/credentials`, { name: scopes.join(), scopes })).apiKey;
  const keys = {
    read: await key('events:read'),
    look: await key('endpoints:read'),
    write: await key('events:read', 'endpoints:write'),
  };
  return {
    receiver,
    keys,
    ask: ((method: string, path: string, body?: unknown, apiKey = keys.write) =>
      producer.call(method, `/v1/endpoints${path}`, {
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })) as OwnEndpoints['ask'],
  };
}
