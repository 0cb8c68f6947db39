import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a node and its database, and can make connections half-open: they stay, and nothing comes through any more. */
export class SilentProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async before(url: string): Promise<SilentProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new SilentProxy(server, new URL(url));
    server.on('connection', (socket) => proxy.accept(socket));
    return proxy;
  }

  /** Of the database, through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** As a network that lost its way: what is connected hears nothing more, not even an end. New connections work. Answers with their number. */
  goSilent(): number {
    const silenced = [...this.sockets];
    for (const socket of silenced) {
      socket.unpipe();
      socket.pause();
      this.sockets.delete(socket);
    }
    return silenced.length / 2;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(inner: Socket): void {
    const outer = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
