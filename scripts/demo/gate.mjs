/** The tag that a new order's message has. */
const CREATED = 'created';

/**
 * Stands between the shop and its broker, and can be closed for the messages of new orders: of those that come then, every
 * other one is taken by the broker without a word to the sender, the rest is not taken at all. That is where a
 * killed process leaves the most doubt. Each broker has its own way of asking the gate; {@link decide} is what it answers.
 */
export class Gate {
  #closed = false;
  #count = 0;
  /** @type {() => void} */
  #release = () => undefined;
  #opened = Promise.resolve();
  /**
   * Message ids that wait here: `taken` by the broker, or still on their `way` to it.
   *
   * @type {Set<string | null | undefined>}
   */
  taken = new Set();
  /** @type {Set<string | null | undefined>} */
  way = new Set();

  close() {
    this.#closed = true;
    this.#opened = new Promise((resolve) => (this.#release = resolve));
  }

  /** Drops what waits, whose sender is dead by now, and lets everything else pass. */
  open() {
    this.#closed = false;
    this.#release();
  }

  get waiting() {
    return this.taken.size + this.way.size;
  }

  /**
   * What becomes of a message that has just arrived, asked once for each.
   *
   * @param {string | null | undefined} tag
   * @returns {'pass' | 'take' | 'hold'}
   */
  decide(tag) {
    if (!this.#closed || tag !== CREATED) return 'pass';
    return this.#count++ % 2 === 0 ? 'take' : 'hold';
  }

  /**
   * Keeps a message until the gate opens; then it, or the answer to it, is to be dropped.
   *
   * @param {string | null | undefined} messageId
   * @param {{ taken: boolean }} options
   */
  async hold(messageId, { taken }) {
    (taken ? this.taken : this.way).add(messageId);
    await this.#opened;
  }
}
