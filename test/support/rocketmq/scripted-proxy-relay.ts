import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Passes TCP connections on to a port of this machine, counts them, and can treat them as a bad network does. */
export class TcpRelay {
  /** Connections that were ever accepted. */
  accepted = 0;
  /** Takes every byte of both directions and passes none on, also of connections that are made meanwhile. */
  swallowing = false;
  private server: Server | null = null;
  private readonly clients = new Set<Socket>();
  private readonly forgotten = new WeakSet<Socket>();

  constructor(
    private readonly target: number,
    readonly host: string,
    private port = 0,
  ) {}

  /** `127.0.0.1:1234`, the same after {@link down} and {@link up}. */
  get endpoint(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: this.port };
  }

  /** Connections that are open now. */
  get open(): number {
    return this.clients.size;
  }

  async up(): Promise<void> {
    const server = createServer((client) => this.pass(client));
    server.listen(this.port, this.host);
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Nobody listens any more, and what is connected is cut. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  /** Resets every connection. */
  cut(): void {
    for (const client of this.clients) client.resetAndDestroy();
  }

  /** From now on nothing passes on the connections that are open, as when a NAT has forgotten them; others are made as before. */
  forget(): void {
    for (const client of this.clients) this.forgotten.add(client);
  }

  private pass(client: Socket): void {
    this.accepted += 1;
    this.clients.add(client);
    const upstream = connect({ host: '127.0.0.1', port: this.target });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (bytes) => {
        if (!this.swallowing && !this.forgotten.has(client)) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.clients.delete(client);
        to.destroy();
      });
    }
  }
}
