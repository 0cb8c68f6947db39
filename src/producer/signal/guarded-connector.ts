import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { parseAddress } from './address-ranges.js';
import type { Destination, TargetGuard, VettedAddress } from './target-guard.js';
import { TargetRefusedError } from './target-refused-error.js';

/** Opens a TCP connection; `net.connect` is one. */
export type Dial = (options: { host: string; port: number; family: 4 | 6 }) => Socket;

export interface ConnectorOptions {
  guard: TargetGuard;
  /** For TCP and TLS together, all addresses of a name included, in ms. */
  connectTimeoutMs: number;
  /** Trusted in place of the well-known authorities. */
  ca?: string | Buffer | (string | Buffer)[];
  dial?: Dial;
}

/** No connection within the budget. */
export class ConnectTimeoutError extends Error {
  readonly code = 'connect_timeout';

  constructor() {
    super('The connection was not established in time');
    this.name = 'ConnectTimeoutError';
  }
}

/** The TLS handshake failed; `cause` says how. */
export class TlsHandshakeError extends Error {
  readonly code = 'tls_failed';

  constructor(options?: ErrorOptions) {
    super('The TLS handshake failed', options);
    this.name = 'TlsHandshakeError';
  }
}

/**
 * How the pool of one origin connects: resolve and judge, dial a judged address, see that this is where the socket leads, then speak.
 * undici's own connector cannot do it: it skips `lookup` for IP literals, and what it looked up is not what it must dial.
 * Kept connections are not judged again: they lead where they were judged to lead.
 */
export function createGuardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { guard, connectTimeoutMs, ca } = options;
  const dial = options.dial ?? ((target) => connectTcp({ ...target, noDelay: true }));
  // One origin, so one kind of session. It was made under the same certificate rules; resuming it spares most of a handshake.
  let session: Buffer | undefined;

  async function open(destination: Destination): Promise<Socket> {
    const addresses = await guard.resolve(destination);
    const deadline = performance.now() + connectTimeoutMs;
    const socket = await dialFirst(dial, addresses, destination.port, deadline);
    if (!destination.secure) return socket;
    const secured = connectTls({
      socket,
      // With `socket`, only the name that the certificate is compared with.
      host: destination.hostname,
      servername: parseAddress(destination.hostname) ? '' : destination.hostname,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
      ...(session === undefined ? {} : { session }),
    });
    secured.on('session', (made) => {
      if (secured.authorized) session = made;
    });
    return handshake(secured, socket, deadline).catch((error: unknown) => {
      session = undefined;
      throw error;
    });
  }

  return ({ hostname, protocol, port }, callback) => {
    const secure = protocol === 'https:';
    open({ hostname, secure, port: port ? Number(port) : secure ? 443 : 80 }).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/** Tries one address after the other. All but the last get half of what is left, so that a dead one leaves time for the next. */
async function dialFirst(
  dial: Dial,
  addresses: readonly VettedAddress[],
  port: number,
  deadline: number,
): Promise<Socket> {
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    try {
      return await dialOne(dial, address, port, index === addresses.length - 1 ? left : left / 2);
    } catch (error) {
      if (error instanceof TargetRefusedError) throw error;
      failure = error;
    }
  }
  throw failure ?? new ConnectTimeoutError();
}

function dialOne(dial: Dial, { address, family }: VettedAddress, port: number, budgetMs: number): Promise<Socket> {
  const socket = dial({ host: address, port, family });
  return settled(socket, 'connect', budgetMs).then(() => {
    // Before the first byte: whatever stands between us and the network, this is the address that was judged.
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || parseAddress(remoteAddress)?.address !== address) {
      socket.destroy();
      throw new TargetRefusedError('address', 'The connection leads to another address than the one that was checked');
    }
    return socket;
  });
}

async function handshake(secured: TLSSocket, socket: Socket, deadline: number): Promise<TLSSocket> {
  // A reset underneath reaches us through `secured`; unheard here, it would end the process.
  socket.on('error', () => undefined);
  try {
    await settled(secured, 'secureConnect', deadline - performance.now());
    return secured;
  } catch (cause) {
    socket.destroy();
    throw cause instanceof ConnectTimeoutError ? cause : new TlsHandshakeError({ cause });
  }
}

function settled<T extends Socket>(socket: T, event: 'connect' | 'secureConnect', budgetMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const closed = (): void => fail(new Error('The connection was closed'));
    const timer = setTimeout(() => fail(new ConnectTimeoutError()), Math.max(budgetMs, 0));
    socket.on('error', fail);
    socket.on('close', closed);
    socket.once(event, () => {
      clearTimeout(timer);
      // The listener for errors stays: it is harmless after this, and a socket without one would end the process.
      socket.off('close', closed);
      resolve();
    });
  });
}
