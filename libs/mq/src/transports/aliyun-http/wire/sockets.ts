import type { Client } from 'undici';
import type { HttpExchange } from './http-exchange.js';

/**
 * Sockets is a pool of at most `max` sockets to one origin; an exchange that finds none free waits in a queue.
 *
 * A client of undici is one socket that connects by itself and again. Its own pool is not used: after a failed
 * connection it forgets clients that go on connecting, and so exceeds its bound; and here an exchange that still waits
 * is known to have sent nothing.
 */
export class Sockets {
  private readonly clients = new Set<Client>();
  /** Last in, first out: few warm sockets rather than many that the broker closes for being idle. */
  private readonly idle: Client[] = [];
  private readonly waiting: HttpExchange[] = [];

  constructor(
    private readonly makeClient: () => Client,
    private readonly max: number,
  ) {}

  send(exchange: HttpExchange): void {
    if (exchange.ended) return;
    const client = this.idle.pop() ?? (this.clients.size < this.max ? this.add() : undefined);
    if (client) this.start(client, exchange);
    else this.waiting.push(exchange);
  }

  /** Ends everything. What is under way fails as an exchange whose connection broke. */
  async close(): Promise<void> {
    const waiting = this.waiting.splice(0);
    for (const exchange of waiting) exchange.refuse('the transport was closed');
    await Promise.all(Array.from(this.clients, (client) => client.destroy()));
    this.clients.clear();
    this.idle.length = 0;
  }

  private add(): Client {
    const client = this.makeClient();
    this.clients.add(client);
    return client;
  }

  private start(client: Client, exchange: HttpExchange): void {
    exchange.start(client, (reusable) => this.release(client, reusable));
  }

  private release(client: Client, reusable: boolean): void {
    if (client.destroyed) return;
    if (reusable) {
      this.idle.push(client);
    } else {
      // Left alone, it would connect again at once, only to find that nobody wants anything. Not from within its own call.
      this.clients.delete(client);
      queueMicrotask(() => void client.destroy());
    }
    let next = this.waiting.shift();
    while (next?.ended) next = this.waiting.shift();
    if (next) this.send(next);
  }
}
