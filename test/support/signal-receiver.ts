import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSignal {
  path: string;
  headers: IncomingMessage['headers'];
  headersDistinct: NodeJS.Dict<string[]>;
  body: string;
  json: {
    type: string;
    data: { endpoint: string; events: { id: string; type: string }[]; after: string; cursor: string; more: boolean };
  };
}

export interface SignalReceiver {
  url: string;
  signals: ReceivedSignal[];
  /** How many requests were in flight at the same time, at most. */
  peak: number;
  /** What the next requests are answered with; the default is 202. */
  answer: (request: ReceivedSignal, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** A receiver that records what it is sent. */
export async function startSignalReceiver(): Promise<SignalReceiver> {
  let inFlight = 0;
  const receiver: Omit<SignalReceiver, 'url' | 'close'> = {
    signals: [],
    peak: 0,
    answer: (_, response) => response.writeHead(202).end(),
  };
  const server = createServer((request, response) => {
    inFlight += 1;
    receiver.peak = Math.max(receiver.peak, inFlight);
    response.on('close', () => (inFlight -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const signal: ReceivedSignal = {
        path: request.url ?? '',
        headers: request.headers,
        headersDistinct: request.headersDistinct,
        body,
        json: JSON.parse(body) as ReceivedSignal['json'],
      };
      receiver.signals.push(signal);
      receiver.answer(signal, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
