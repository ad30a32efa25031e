import { AsyncLocalStorage } from 'node:async_hooks';
import { MqError } from '../../core/errors/mq-error.js';
import type { JoinedTransaction, TransactionContext } from '../../core/publisher/transaction-context.js';
import { MemoryTransaction } from './memory-transaction.js';

/** The delivery whose handler the current code runs in. */
export const memoryDelivery = new AsyncLocalStorage<MemoryTransaction>();

/** {@link TransactionContext} without a database: the given transaction, or the one of the delivery being handled. */
export class MemoryTransactionContext implements TransactionContext<MemoryTransaction> {
  find(explicit: MemoryTransaction | undefined): JoinedTransaction<MemoryTransaction> | null {
    const delivery = memoryDelivery.getStore();
    const tx = explicit ?? (delivery?.active ? delivery : undefined);
    if (!tx) return null;
    if (tx.active) return join(tx);
    throw tx === delivery
      ? new MqError('MQ_TRANSACTION_CLOSED', 'publish() was given the transaction of a delivery that has ended.')
      : new MqError('MQ_TRANSACTION_MISMATCH', 'publish() was given a transaction that is over.');
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
