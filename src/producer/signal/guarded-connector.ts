import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { parseAddress } from './address-ranges.js';
import { ConnectionLostError, ConnectTimeoutError, TlsHandshakeError } from './connect-errors.js';
import type { Destination, TargetGuard, VettedAddress } from './target-guard.js';
import { TargetRefusedError } from './target-refused-error.js';

/** Finds out that the other side of a kept connection has gone without a word. */
const KEEP_ALIVE_MS = 60_000;

/** Opens a TCP connection; `net.connect` is one. */
export type Dial = (options: { host: string; port: number; family: 4 | 6 }) => Socket;

export interface DialerOptions {
  guard: TargetGuard;
  /** For TCP and TLS together, all addresses of a name included, in ms. */
  connectTimeoutMs: number;
  /** Trusted in place of the well-known authorities. */
  ca?: string | Buffer | (string | Buffer)[];
  dial?: Dial;
}

/** How the pool of one origin connects. */
export interface GuardedConnector {
  readonly connect: buildConnector.connector;
  /** Destroys what is half open; sockets that were handed over are not its own any more. */
  close(): void;
}

/**
 * Resolve and judge, dial a judged address, see that this is where the socket leads, then speak. undici's own connector cannot do it:
 * it skips `lookup` for IP literals, and it resolves a name once more after whoever judged it. Kept connections are not judged again:
 * they lead where they were judged to lead.
 */
export class GuardedDialer {
  private readonly guard: TargetGuard;
  private readonly connectTimeoutMs: number;
  private readonly dial: Dial;
  private readonly ca: DialerOptions['ca'];
  private context: SecureContext | undefined;

  constructor({ guard, connectTimeoutMs, ca, dial }: DialerOptions) {
    this.guard = guard;
    this.connectTimeoutMs = connectTimeoutMs;
    this.ca = ca;
    this.dial = dial ?? ((target) => connectTcp(target));
  }

  connector(): GuardedConnector {
    const opening = new Set<Socket>();
    // One origin, so one kind of session. It was made under the same certificate rules; resuming it spares most of a handshake.
    const sessions: SessionMemory = { last: undefined };
    return {
      connect: ({ hostname, protocol, port }, callback) => {
        const secure = protocol === 'https:';
        const destination = { hostname, secure, port: port ? Number(port) : secure ? 443 : 80 };
        this.open(destination, opening, sessions).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      close: () => {
        for (const socket of opening) socket.destroy();
      },
    };
  }

  private async open(destination: Destination, opening: Set<Socket>, sessions: SessionMemory): Promise<Socket> {
    const addresses = await this.guard.resolve(destination);
    const deadline = performance.now() + this.connectTimeoutMs;
    const socket = await this.dialFirst(addresses, destination.port, deadline, opening);
    if (!destination.secure) return socket;
    return this.handshake(socket, destination.hostname, deadline, opening, sessions);
  }

  /** Tries one address after the other. All but the last get half of what is left, so that a dead one leaves time for the next. */
  private async dialFirst(
    addresses: readonly VettedAddress[],
    port: number,
    deadline: number,
    opening: Set<Socket>,
  ): Promise<Socket> {
    let failure: unknown;
    for (const [index, { address, family }] of addresses.entries()) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      const socket = this.dial({ host: address, port, family });
      try {
        await opened(socket, 'connect', index === addresses.length - 1 ? left : left / 2, opening);
      } catch (error) {
        failure = error;
        continue;
      }
      checkPeer(socket, address);
      return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    }
    throw failure ?? new ConnectTimeoutError();
  }

  private async handshake(
    socket: Socket,
    hostname: string,
    deadline: number,
    opening: Set<Socket>,
    sessions: SessionMemory,
  ): Promise<TLSSocket> {
    this.context ??= createSecureContext({ minVersion: 'TLSv1.2', ...(this.ca === undefined ? {} : { ca: this.ca }) });
    const secured = connectTls({
      socket,
      // With `socket`, only the name that the certificate is compared with.
      host: hostname,
      servername: parseAddress(hostname) ? '' : hostname,
      ALPNProtocols: ['http/1.1'],
      secureContext: this.context,
      // Said, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
      rejectUnauthorized: true,
      ...(sessions.last === undefined ? {} : { session: sessions.last }),
    });
    secured.on('session', (session) => {
      if (secured.authorized) sessions.last = session;
    });
    try {
      await opened(secured, 'secureConnect', deadline - performance.now(), opening);
      return secured;
    } catch (cause) {
      sessions.last = undefined;
      socket.destroy();
      throw cause instanceof ConnectTimeoutError ? cause : new TlsHandshakeError({ cause });
    }
  }
}

interface SessionMemory {
  last: Buffer | undefined;
}

/** Before the first byte: whatever stands between us and the network, this must be the address that was judged. */
function checkPeer(socket: Socket, address: string): void {
  const { remoteAddress } = socket;
  if (remoteAddress !== undefined && parseAddress(remoteAddress)?.address === address) return;
  socket.destroy();
  if (remoteAddress === undefined) throw new ConnectionLostError();
  throw new TargetRefusedError('address', 'The connection leads to another address than the one that was checked');
}

function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  budgetMs: number,
  opening: Set<Socket>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      opening.delete(socket);
      socket.destroy();
      reject(error);
    };
    const closed = (): void => fail(new ConnectionLostError());
    const timer = setTimeout(() => fail(new ConnectTimeoutError()), Math.max(budgetMs, 0));
    opening.add(socket);
    // Stays on the socket: a late error that nobody listens to would end the process.
    socket.on('error', fail);
    socket.on('close', closed);
    socket.once(event, () => {
      clearTimeout(timer);
      opening.delete(socket);
      socket.off('close', closed);
      resolve();
    });
  });
}
