/** @typedef {{ rate: number, most: number, room: () => boolean, publish: (n: number) => Promise<void> }} LoadOptions */
const TICK_MS = 50;

/**
 * Publishes at a steady rate. What is due while `most` transactions are under way, or while there is no `room`, is left out and
 * not made up for: a machine that is too slow for the rate would get all of it as one burst, and have a backlog of hours in
 * the end, which is another test. `skipped` tells how many.
 */
export class SteadyLoad {
  failures = 0;
  skipped = 0;
  /** @type {Error | null} */
  lastFailure = null;
  /** @type {Set<Promise<void>>} */
  #running = new Set();
  #begun = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer = undefined;

  /** @param {LoadOptions} options */
  constructor({ rate, most, room, publish }) {
    this.rate = rate;
    this.most = most;
    this.room = room;
    this.publish = publish;
  }

  start() {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * this.rate);
      while (this.#begun + this.skipped < due) {
        if (this.#running.size < this.most && this.room()) this.#begin();
        else this.skipped += 1;
      }
    }, TICK_MS);
  }

  /** Done when no transaction is under way. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  #begin() {
    const transaction = this.publish(this.#begun++)
      .catch((error) => {
        this.failures += 1;
        this.lastFailure = error;
      })
      .finally(() => this.#running.delete(transaction));
    this.#running.add(transaction);
  }
}
