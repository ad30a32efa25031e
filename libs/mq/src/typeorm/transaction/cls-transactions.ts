import type { DataSource, EntityManager } from 'typeorm';
import { isActiveIn } from './active-transaction.js';
import type { AmbientTransactions } from './ambient-transactions.js';
import { dataSourceOf } from '../connection/data-source-of.js';
import type { TransactionHost, TransactionHosts } from './transaction-host.js';

/**
 * Transactions of `@nestjs-cls/transactional`. An application has a host for each of its plugin's connections, under names of
 * its own, and they are found among its providers.
 */
export class ClsTransactions implements AmbientTransactions {
  readonly name = '@nestjs-cls/transactional';

  constructor(
    private readonly dataSource: DataSource,
    private readonly hosts: TransactionHosts,
  ) {}

  current(): EntityManager | null {
    for (const host of this.hosts()) {
      const manager = managerOf(host);
      if (isActiveIn(this.dataSource, manager)) return manager;
    }
    return null;
  }

  manages(): boolean {
    return this.mine().length > 0;
  }

  problem(): string | null {
    const { length } = this.mine();
    return length > 1
      ? `${length} hosts of ${this.name} (ClsPluginTransactional) manage the same data source, perhaps from two copies of the package`
      : null;
  }

  open<T>(work: () => Promise<T>): Promise<T> {
    return this.mine()[0]!.withTransaction('REQUIRES_NEW', work);
  }

  private mine(): TransactionHost[] {
    return this.hosts().filter((host) => {
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
