/** The tag that a new order's message has. */
const CREATED = 'created';

/**
 * Stands between the shop and the emulator, and can be closed for the messages of new orders: of those that come then, every
 * other one is taken by the broker without a word to the sender, the rest is not taken at all. That is where a
 * killed process leaves the most doubt. The emulator asks at each step of a request and waits for the answer.
 */
export class Gate {
  #closed = false;
  #count = 0;
  #release = () => undefined;
  #opened = Promise.resolve();
  /** Message ids that wait here: `taken` by the broker, or still on their `way` to it. */
  taken = new Set();
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

  /** The emulator's `onStep`. */
  observe = async (step, { operation, messages }) => {
    const [message] = messages;
    if (!this.#closed || operation !== 'publish' || message?.tag !== CREATED) return undefined;
    if (step === 'received' && this.#count++ % 2 === 0) return undefined;
    if (step === 'answered') return undefined;
    (step === 'stored' ? this.taken : this.way).add(message.mqId);
    await this.#opened;
    return 'drop';
  };
}
