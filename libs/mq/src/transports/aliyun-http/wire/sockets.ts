import type { HttpExchange } from './http-exchange.js';
import { HttpSocket, type HttpOrigin, type SocketOwner } from './http-socket.js';

/** Sockets is a pool of at most `max` sockets to one origin; an exchange that finds none free waits in a queue. */
export class Sockets implements SocketOwner {
  /** Also those that are being closed: they count until they are gone. */
  private readonly all = new Set<HttpSocket>();
  /** Last in, first out: few warm sockets rather than many that the broker closes for being idle. */
  private readonly idle: HttpSocket[] = [];
  private readonly waiting: HttpExchange[] = [];

  constructor(
    private readonly origin: HttpOrigin,
    private readonly max: number,
  ) {}

  send(exchange: HttpExchange): void {
    if (exchange.ended) return;
    const socket = this.takeIdle();
    if (socket) socket.run(exchange);
    else if (this.all.size < this.max) this.all.add(new HttpSocket(this.origin, this, exchange));
    else this.waiting.push(exchange);
  }

  /** Ends everything. What is under way fails as an exchange whose connection broke. */
  async close(): Promise<void> {
    for (const exchange of this.waiting.splice(0)) exchange.refuse('the transport was closed');
    this.idle.length = 0;
    await Promise.all(Array.from(this.all, (socket) => socket.close('the transport was closed')));
  }

  onFree(socket: HttpSocket): void {
    const next = this.nextWaiting();
    if (next) socket.run(next);
    else this.idle.push(socket);
  }

  onClosed(socket: HttpSocket): void {
    this.all.delete(socket);
    const at = this.idle.indexOf(socket);
    if (at !== -1) this.idle.splice(at, 1);
    const next = this.nextWaiting();
    if (next) this.send(next);
  }

  private takeIdle(): HttpSocket | undefined {
    for (let socket = this.idle.pop(); socket; socket = this.idle.pop()) {
      if (socket.isUsable) return socket;
      void socket.close();
    }
    return undefined;
  }

  private nextWaiting(): HttpExchange | undefined {
    let next = this.waiting.shift();
    while (next?.ended) next = this.waiting.shift();
    return next;
  }
}
