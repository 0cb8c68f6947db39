import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';

/** A receiver on loopback, as well or badly behaved as its test wants it. */
export interface TestReceiver {
  url: string;
  port: number;
  /** Connections accepted so far. */
  connections: Socket[];
  close(): Promise<void>;
}

export interface SeenRequest {
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export async function startReceiver(listener: RequestListener): Promise<TestReceiver> {
  return started(createHttpServer(listener), 'http', 'connection');
}

export async function startTlsReceiver(options: ServerOptions, listener: RequestListener): Promise<TestReceiver> {
  return started(createHttpsServer(options, listener), 'https', 'connection');
}

/** Speaks whatever `onSocket` makes it speak. */
export async function startRawReceiver(onSocket: (socket: Socket) => void): Promise<TestReceiver> {
  return started(createTcpServer(onSocket), 'http', 'connection');
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function started(server: Server | TcpServer, scheme: string, event: 'connection'): Promise<TestReceiver> {
  const connections: Socket[] = [];
  server.on(event, (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}/hook`,
    port,
    connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      }),
  };
}
