import type { DataSource, EntityManager } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { JoinedTransaction, TransactionContext } from '../../core/publisher/transaction-context.js';
import { HeldConnections } from '../connection/held-connections.js';
import { TransactionStarts } from '../connection/transaction-starts.js';
import { isActiveIn, type BoundManager } from './active-transaction.js';
import type { AmbientTransactions } from './ambient-transactions.js';
import { CommitHolds } from './commit-holds.js';
import { dataSourceOf } from '../connection/data-source-of.js';
import { deliveryScope, type DeliveryScope } from './delivery-scope.js';
import { TransactionEnds } from './transaction-ends.js';

/**
 * Finds the transaction of one data source that a call belongs to: the given manager's, the ambient one of
 * `@nestjs-cls/transactional` or `typeorm-transactional`, the one of the delivery being handled.
 *
 * A transaction begun with raw SQL cannot be joined: TypeORM does not know of it, so nobody would learn of its end.
 */
export class TypeOrmTransactionContext implements TransactionContext<EntityManager> {
  private readonly ends: TransactionEnds;

  constructor(
    private readonly dataSource: DataSource,
    private readonly ambient: readonly AmbientTransactions[] = [],
    private readonly held: HeldConnections = new HeldConnections(dataSource),
  ) {
    this.ends = TransactionEnds.of(dataSource);
    TransactionStarts.of(dataSource);
  }

  find(explicit: EntityManager | undefined, alone = false): JoinedTransaction<EntityManager> | null {
    const delivery = deliveryScope.getStore();
    const manager = explicit ?? this.ambientManager() ?? this.managerOf(delivery);
    if (!manager) {
      // Most likely the handler itself, which would send once for each attempt that is cut off.
      if (delivery?.cutOff && !alone) throw transactionClosed();
      return null;
    }
    if (delivery?.ended && delivery.manager.queryRunner === manager.queryRunner) throw transactionClosed();
    if (isActiveIn(this.dataSource, manager)) return this.join(manager);
    throw explicit ? this.refusal(explicit) : transactionClosed();
  }

  /** On a connection of the list, or a process whose database froze could not end: the pool would wait for this one. */
  own<T>(work: (transaction: JoinedTransaction<EntityManager>) => Promise<T>): Promise<T> {
    return this.held.use((runner) => runner.manager.transaction((manager) => work(this.join(manager as BoundManager))));
  }

  private join(manager: BoundManager): JoinedTransaction<EntityManager> {
    const { queryRunner } = manager;
    return {
      tx: manager,
      onEnd: (listener) => this.ends.listen(queryRunner, listener),
      holdCommit: (work) => CommitHolds.of(this.dataSource).hold(queryRunner, work),
    };
  }

  private ambientManager(): EntityManager | null {
    for (const library of this.ambient) {
      const manager = library.current();
      if (manager) return manager;
    }
    return null;
  }

  private managerOf(delivery: DeliveryScope | undefined): EntityManager | null {
    return delivery && !delivery.ended && dataSourceOf(delivery.manager) === this.dataSource ? delivery.manager : null;
  }

  private refusal(manager: EntityManager): MqError {
    if (dataSourceOf(manager) !== this.dataSource) {
      return new MqError(
        'MQ_TRANSACTION_MISMATCH',
        'publish() was given the manager of another data source than the one that holds the outbox of this connection, ' +
          'so the message could not commit together with its transaction. ' +
          "Pass a manager of this connection's data source, or publish through the connection of the other one.",
      );
    }
    if (manager.queryRunner?.isReleased) {
      return new MqError(
        'MQ_TRANSACTION_MISMATCH',
        'publish() was given a manager whose query runner is released already, so its transaction is over. ' +
          'Publish before the transaction ends; look for a missing await.',
      );
    }
    return new MqError(
      'MQ_TRANSACTION_REQUIRED',
      'publish() was given a manager without an open transaction, so the message would be stored whatever becomes of ' +
        'the rest. Pass the manager that dataSource.transaction() hands to its callback. ' +
        'A transaction begun with raw SQL cannot be joined, because TypeORM does not know of it: ' +
        'use queryRunner.startTransaction().',
    );
  }
}

function transactionClosed(): MqError {
  return new MqError(
    'MQ_TRANSACTION_CLOSED',
    'publish() was called by a handler whose delivery has ended already (it returned, failed or ran into its timeout), ' +
      'so its transaction is over. Await everything that a handler starts, and stop when its signal aborts.',
  );
}
