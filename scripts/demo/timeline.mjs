import { setTimeout as delay } from 'node:timers/promises';

/** @typedef {import('./orders-view.mjs').Progress} Progress */

const POLL_MS = 25;

/** Prints what happens, with the seconds since the demo began; and watches orders pass through. */
export class Timeline {
  #began = performance.now();
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {Set<string>} */
  #seen = new Set();
  /** @type {Set<string | null | undefined>} */
  #sentBefore = new Set();

  /** @param {string} text */
  heading(text) {
    console.log(`\n${text}`);
  }

  /**
   * @param {string} who
   * @param {string} what
   * @param {string} [details]
   */
  line(who, what, details = '') {
    const seconds = ((performance.now() - this.#began) / 1_000).toFixed(2).padStart(6);
    console.log(`${seconds} s  ${who.padEnd(9)} ${what.padEnd(10)} ${details}`.trimEnd());
  }

  /**
   * A new order, of which everything is to be told.
   *
   * @param {{ id: string, sku: string, quantity: number }} options
   */
  committed({ id, sku, quantity }) {
    this.#numbers.set(id, this.#numbers.size + 1);
    this.line(this.#name(id), 'committed', `${quantity} x ${sku}: order and message, one transaction`);
  }

  /**
   * Messages that the broker has without anybody knowing: they will be sent a second time.
   *
   * @param {Set<string | null | undefined>} messageIds
   */
  sentBefore(messageIds) {
    this.#sentBefore = messageIds;
  }

  /**
   * Tells what is new, until `done(orders)` holds. @throws when it does not within `timeoutMs`
   *
   * @param {import('./orders-view.mjs').OrdersView} view
   * @param {(orders: Progress[]) => boolean | Promise<boolean>} done
   * @param {number} timeoutMs
   * @param {string} what
   */
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

  /** @param {Progress} options */
  #tell({ id, message, sent, handled, notified, status }) {
    const twice = this.#sentBefore.has(message) ? '; it has two copies now' : '';
    if (sent) this.#once(id, 'sent', `the broker has confirmed it${twice}`);
    if (handled > 0) this.#once(id, 'handled', `stock handler: ${status}`);
    if (notified > 0) this.#once(id, 'notified', 'follow-up handled: the customer knows');
  }

  /**
   * @param {string} id
   * @param {string} what
   * @param {string} details
   */
  #once(id, what, details) {
    if (!this.#numbers.has(id) || this.#seen.has(`${id} ${what}`)) return;
    this.#seen.add(`${id} ${what}`);
    this.line(this.#name(id), what, details);
  }

  /** @param {string} id */
  #name(id) {
    return `order ${String(this.#numbers.get(id)).padStart(2)}`;
  }
}
