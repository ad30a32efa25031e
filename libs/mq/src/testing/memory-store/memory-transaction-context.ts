import { AsyncLocalStorage } from 'node:async_hooks';
import { MqError } from '../../core/errors/mq-error.js';
import type { JoinedTransaction, TransactionContext } from '../../core/publisher/transaction-context.js';
import { MemoryTransaction } from './memory-transaction.js';

/** The delivery whose handler the current code runs in. */
export const memoryDelivery = new AsyncLocalStorage<MemoryTransaction>();

/** {@link TransactionContext} without a database: the given transaction, or the one of the delivery being handled. */
export class MemoryTransactionContext implements TransactionContext<MemoryTransaction> {
  find(explicit: MemoryTransaction | undefined): JoinedTransaction<MemoryTransaction> | null {
    const tx = explicit ?? memoryDelivery.getStore();
    if (!tx) return null;
    if (tx.active) return join(tx);
    throw explicit && explicit !== memoryDelivery.getStore()
      ? new MqError('MQ_TRANSACTION_MISMATCH', 'publish() was given a transaction that is over.')
      : new MqError('MQ_TRANSACTION_CLOSED', 'publish() was called by a handler whose delivery has ended.');
  }

  own<T>(work: (transaction: JoinedTransaction<MemoryTransaction>) => Promise<T>): Promise<T> {
    return this.transaction((tx) => work(join(tx)));
  }

  /** What an application would do with its database: commits when `work` resolves, rolls back when it rejects. */
  async transaction<T>(work: (tx: MemoryTransaction) => Promise<T>): Promise<T> {
    const tx = new MemoryTransaction();
    try {
      const result = await work(tx);
      tx.commit();
      return result;
    } finally {
      tx.rollBack();
    }
  }
}

function join(tx: MemoryTransaction): JoinedTransaction<MemoryTransaction> {
  return { tx, onEnd: (listener) => tx.onEnd(listener) };
}
