import { createServer, request as sendRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateSecret } from '../../../src/protocol/secrets.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
import { closeAfterTest } from './producer-server.js';

export const SECRET = generateSecret();
export const ENDPOINT = 'ep_01m84qa7e0eb2rw2vsb9mww82t';
export const SIGNAL_ID = 'sig_01m84qa7e0eb4ad0c9p8cvm9za';

export const signalBody = (type: string, data: Record<string, unknown> = {}): string =>
  JSON.stringify({ type, timestamp: '2026-11-23T17:30:00.000Z', data: { endpoint: ENDPOINT, ...data } });

export const AVAILABLE = signalBody('events.available', {
  events: [{ id: 'evt_01m84qa7e0eb3a4an9bh21f7ka', type: 'invoice.paid' }],
  after: 'a',
  cursor: 'b',
  more: false,
});

export interface Signing {
  id?: string;
  /** Unix seconds. Default now. */
  timestamp?: number;
  secrets?: string[];
}

/** Headers as a producer sends them. */
export function signedHeaders(body: string | Buffer, { id = SIGNAL_ID, timestamp, secrets = [SECRET] }: Signing = {}) {
  const seconds = timestamp ?? Math.floor(Date.now() / 1_000);
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signStandard({ id, timestamp: seconds, body, secrets }),
  };
}

export interface RouteAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Starts an application for the test; answers its origin. */
export async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeAfterTest(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends exactly these headers, repeated ones too, and the body in one piece. */
export function send(
  url: string,
  headers: Record<string, string | string[]>,
  body: string | Buffer,
  method = 'POST',
): Promise<RouteAnswer> {
  return new Promise((resolve, reject) => {
    const lengths = { 'content-length': String(Buffer.byteLength(body)) };
    const request = sendRequest(url, { method, headers: { ...lengths, ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
