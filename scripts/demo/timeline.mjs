import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/** Prints what happens, with the seconds since the demo began; and watches orders pass through. */
export class Timeline {
  #began = performance.now();
  #numbers = new Map();
  #seen = new Set();
  #sentBefore = new Set();

  heading(text) {
    console.log(`\n${text}`);
  }

  line(who, what, details = '') {
    const seconds = ((performance.now() - this.#began) / 1_000).toFixed(2).padStart(6);
    console.log(`${seconds} s  ${who.padEnd(9)} ${what.padEnd(10)} ${details}`.trimEnd());
  }

  /** A new order, of which everything is to be told. */
  committed({ id, sku, quantity }) {
    this.#numbers.set(id, this.#numbers.size + 1);
    this.line(this.#name(id), 'committed', `${quantity} x ${sku}: order and message, one transaction`);
  }

  /** Messages that the broker has without anybody knowing: they will be sent a second time. */
  sentBefore(messageIds) {
    this.#sentBefore = messageIds;
  }

  /** Tells what is new, until `done(orders)` holds. @throws when it does not within `timeoutMs` */
  async follow(view, done, timeoutMs, what) {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const orders = await view.progress();
      for (const order of orders) this.#tell(order);
      if (await done(orders)) return orders;
      if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1_000} s`);
      await delay(POLL_MS);
    }
  }

  #tell({ id, message, sent, handled, notified, status }) {
    const twice = this.#sentBefore.has(message) ? '; it has two copies now' : '';
    if (sent) this.#once(id, 'sent', `the broker has confirmed it${twice}`);
    if (handled > 0) this.#once(id, 'handled', `stock handler: ${status}`);
    if (notified > 0) this.#once(id, 'notified', 'follow-up handled: the customer knows');
  }

  #once(id, what, details) {
    if (!this.#numbers.has(id) || this.#seen.has(`${id} ${what}`)) return;
    this.#seen.add(`${id} ${what}`);
    this.line(this.#name(id), what, details);
  }

  #name(id) {
    return `order ${String(this.#numbers.get(id)).padStart(2)}`;
  }
}
