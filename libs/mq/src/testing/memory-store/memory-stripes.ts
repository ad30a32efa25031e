import { deferred } from '../../core/runtime/deferred.js';
import { stripeOf } from '../../core/store/order-key.js';
import type { MemoryTransaction } from './memory-transaction.js';

interface Held {
  readonly by: MemoryTransaction;
  readonly until: Promise<void>;
}

/** The rows that put publishers of one ordering key in line: held until the transaction ends that locked them. */
export class MemoryStripes {
  private readonly held = new Map<number, Held>();

  async lock(tx: MemoryTransaction, orderKeys: Iterable<string>): Promise<void> {
    const wanted = [...new Set([...orderKeys].map(stripeOf))].sort((a, b) => a - b);
    for (const stripe of wanted) {
      for (let held = this.held.get(stripe); held && held.by !== tx; held = this.held.get(stripe)) await held.until;
      if (this.held.has(stripe)) continue;
      const { promise, resolve } = deferred<void>();
      this.held.set(stripe, { by: tx, until: promise });
      tx.onEnd(() => {
        this.held.delete(stripe);
        resolve();
      });
    }
  }
}
