import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import { SignpostClient, type SignpostClientOptions } from '../../../src/receiver/client/index.js';

export interface SeenCall {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  body: string;
}

interface FixedAnswer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
}

export type Answer = FixedAnswer | ((response: ServerResponse, call: SeenCall) => void);

export interface ProducerServer {
  url: string;
  /** Requests as they came in, bodies complete. */
  seen: SeenCall[];
  connections: number;
  /** Answers in order; the last one stays. */
  answers: Answer[];
}

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A stand-in for a producer that answers exactly what the test wants. Closed after the test. */
export async function startProducer(...answers: Answer[]): Promise<ProducerServer> {
  const producer: ProducerServer = { url: '', seen: [], connections: 0, answers };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://producer');
      const call: SeenCall = {
        method: request.method ?? '',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      producer.seen.push(call);
      const { answers: waiting } = producer;
      const answer = waiting.length > 1 ? waiting.shift() : waiting[0];
      if (typeof answer === 'function') answer(response, call);
      else respond(response, answer ?? { status: 500 });
    });
  });
  server.on('connection', () => (producer.connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  producer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closeAfterTest(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return producer;
}

export function closeAfterTest(close: () => Promise<unknown>): void {
  // Clients before their servers.
  closing.unshift(close);
}

export function respond(response: ServerResponse, { status = 200, headers, json, text }: FixedAnswer): void {
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { ...(body === '' ? {} : { 'content-type': type }), ...headers }).end(body);
}

export const API_KEY = 'sp_canary_of_the_api_key';

export interface ClientUnderTest<Events extends object> {
  client: SignpostClient<Events>;
  /** How long it slept, in ms, without doing it. */
  slept: number[];
}

/** A client that never sleeps and whose jitter is the longest. */
export function clientOf<Events extends object = Record<string, unknown>>(
  url: string,
  options: Partial<SignpostClientOptions> = {},
): ClientUnderTest<Events> {
  const slept: number[] = [];
  const auth = 'clientId' in options || 'accessToken' in options ? {} : { apiKey: API_KEY };
  const client = new SignpostClient<Events>({
    url,
    ...auth,
    random: () => 1,
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
    ...options,
  } as SignpostClientOptions);
  closeAfterTest(() => client.close());
  return { client, slept };
}

export function problemAnswer(status: number, code: string, extra: Record<string, unknown> = {}): Answer {
  return { status, json: { type: `urn:signpost:problem:${code}`, title: `Title of ${code}`, status, ...extra } };
}

/** The nth event; its cursor is `c<n>`. */
export function event(n: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: eventId(n),
    type: 'invoice.paid',
    tenant: 'acme',
    subject: null,
    occurredAt: '2026-11-23T17:29:58.000Z',
    recordedAt: '2026-11-23T17:30:00.000Z',
    cursor: `c${n}`,
    data: { n },
    ...changes,
  };
}

export function eventId(n: number): string {
  return `evt_01m84qa7e0eb3t7b2jj4${String(n).padStart(6, '0')}`;
}

export function page(events: unknown[], cursor: string, more: boolean): Answer {
  return { json: { events, cursor, more } };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It did not reject');
}
