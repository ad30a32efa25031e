import type { DataSource, EntityManager } from 'typeorm';
import { isActiveIn } from './active-transaction.js';
import type { AmbientTransactions } from './ambient-transactions.js';
import { dataSourceOf } from './data-source-of.js';
import { loadOptional } from './load-optional.js';

/** What of `TransactionHost` is used here. */
interface TransactionHost {
  /** The current transaction, else what the adapter falls back to: with TypeORM the data source's own manager. */
  readonly tx: unknown;
  withTransaction<T>(propagation: string, work: () => Promise<T>): Promise<T>;
}

/**
 * Transactions of `@nestjs-cls/transactional`.
 *
 * An application has a host for each of its plugin's connections, under names of its own, and the package offers no
 * public way to list them. Its static map is read instead, afresh at every call: hosts come to life with the providers
 * of the application, in any order with ours.
 */
export class ClsTransactions implements AmbientTransactions {
  static async load(dataSource: DataSource): Promise<ClsTransactions> {
    const exports = await loadOptional('@nestjs-cls/transactional');
    const hosts = (exports?.['TransactionHost'] as { _instanceMap?: unknown } | undefined)?._instanceMap;
    return new ClsTransactions(dataSource, hosts instanceof Map ? (hosts as Map<unknown, TransactionHost>) : new Map());
  }

  private constructor(
    private readonly dataSource: DataSource,
    private readonly hosts: ReadonlyMap<unknown, TransactionHost>,
  ) {}

  current(): EntityManager | null {
    for (const host of this.hosts.values()) {
      const manager = managerOf(host);
      if (isActiveIn(this.dataSource, manager)) return manager;
    }
    return null;
  }

  manages(): boolean {
    return this.host() !== undefined;
  }

  open<T>(work: () => Promise<T>): Promise<T> {
    return this.host()!.withTransaction('REQUIRES_NEW', work);
  }

  private host(): TransactionHost | undefined {
    return [...this.hosts.values()].find((host) => {
      const manager = managerOf(host);
      return manager !== null && dataSourceOf(manager) === this.dataSource;
    });
  }
}

/** Hosts of other adapters hold clients of other databases. */
function managerOf(host: TransactionHost): EntityManager | null {
  const tx = host.tx as Partial<EntityManager> | null | undefined;
  return typeof tx?.getRepository === 'function' && typeof tx.transaction === 'function' ? (tx as EntityManager) : null;
}
