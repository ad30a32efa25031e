import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy in front of a database that can stop forwarding, as a host does that froze or a firewall that drops; or break all
 * connections and take no new ones, as a database that is restarted.
 */
export class FreezableProxy {
  static async start(target: URL): Promise<FreezableProxy> {
    const proxy = new FreezableProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private frozen = false;
  private cutOff = false;

  private constructor(private readonly target: URL) {
    this.server = createServer((client) => this.accept(client));
  }

  /** The target's address, by way of this proxy. */
  get url(): string {
    const url = new URL(this.target.href);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as { port: number }).port);
    return url.href;
  }

  /** From now on nothing gets through, in no direction. Connections are taken, and never answered. */
  freeze(): void {
    this.frozen = true;
  }

  /** Passes on what comes from now on. What came meanwhile is lost, so connections of that time are closed. */
  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.destroy();
  }

  /** From now on every connection breaks at once, until {@link restore}. */
  cut(): void {
    this.cutOff = true;
    for (const socket of this.sockets) socket.destroy();
  }

  restore(): void {
    this.cutOff = false;
  }

  async close(): Promise<void> {
    this.thaw();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.cutOff) return void client.destroy();
    const upstream = connect({ host: this.target.hostname, port: Number(this.target.port) });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!this.frozen) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        // A frozen host does not say that somebody has hung up.
        if (!this.frozen) to.destroy();
      });
    }
  }
}
