import type { EntityManager } from 'typeorm';
import type { JoinedTransaction, TransactionContext } from '../../core/publisher/transaction-context.js';
import type { DeliveryStore } from '../../core/store/delivery-store.js';
import type { LeaseRequest, NewOutboxRow } from '../../core/store/outbox-row.js';
import type { MemoryDeliveryStore } from '../memory-store/memory-delivery-store.js';
import { MemoryOutboxStore } from '../memory-store/memory-outbox-store.js';
import { MemoryTransaction } from '../memory-store/memory-transaction.js';
import { MemoryTransactionContext } from '../memory-store/memory-transaction-context.js';

/** For a manager of which nobody knows when it commits: committed with its one statement. */
class CommittedAtOnce extends MemoryTransaction {}

/** {@link MemoryOutboxStore} that ends the transactions of managers that were not made here. */
export class TestOutboxStore extends MemoryOutboxStore {
  override async stage(tx: MemoryTransaction, rows: readonly NewOutboxRow[], lease: LeaseRequest): Promise<boolean> {
    const inserted = await super.stage(tx, rows, lease);
    if (tx instanceof CommittedAtOnce) tx.commit();
    return inserted;
  }
}

/**
 * {@link TransactionContext} without a database that takes whatever is a manager to the application. Those of deliveries and of
 * `transaction()` are made here, one for each, and look like the manager that the test has given; publishing with any other one
 * counts as committed at once.
 */
export class TestTransactions implements TransactionContext<EntityManager> {
  private readonly inner = new MemoryTransactionContext();
  private readonly transactions = new WeakMap<object, MemoryTransaction>();

  /** @param base what managers look like */
  constructor(private readonly base: object) {}

  find(explicit: EntityManager | undefined): JoinedTransaction<EntityManager> | null {
    if (explicit === undefined) return asManagers(this.inner.find(undefined));
    // What `find()` has answered is one as well, to whoever takes it for a manager.
    const own = explicit instanceof MemoryTransaction ? explicit : this.transactions.get(explicit);
    return asManagers(this.inner.find(own ?? new CommittedAtOnce()));
  }

  own<T>(work: (transaction: JoinedTransaction<EntityManager>) => Promise<T>): Promise<T> {
    return this.inner.own((joined) => work(asManagers(joined)));
  }

  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.inner.transaction((tx) => work(this.managerOf(tx)));
  }

  /** The store as the module wants it: handlers get managers. */
  deliveriesOf(store: MemoryDeliveryStore): DeliveryStore<EntityManager> {
    const transact: DeliveryStore<EntityManager>['transact'] = (options, work) =>
      store.transact(options, (tx) => work({ ...tx, handle: this.managerOf(tx.handle) }));
    return Object.create(store, {
      transact: { value: transact },
      handleWithoutTransaction: { value: this.base },
    }) as DeliveryStore<EntityManager>;
  }

  private managerOf(tx: MemoryTransaction): EntityManager {
    const manager = Object.create(this.base) as EntityManager;
    this.transactions.set(manager, tx);
    return manager;
  }
}

/** The publisher hands what it has joined to the store and looks at nothing of it. */
function asManagers(joined: JoinedTransaction<MemoryTransaction>): JoinedTransaction<EntityManager>;
function asManagers(joined: JoinedTransaction<MemoryTransaction> | null): JoinedTransaction<EntityManager> | null;
function asManagers(joined: JoinedTransaction<MemoryTransaction> | null): JoinedTransaction<EntityManager> | null {
  return joined as JoinedTransaction<unknown> as JoinedTransaction<EntityManager> | null;
}
