import type { DataSource, EntityManager } from 'typeorm';
import { isActiveIn } from './active-transaction.js';
import type { AmbientTransactions } from './ambient-transactions.js';
import { loadOptional } from './load-optional.js';

/** Under this name `addTransactionalDataSource()` notes on the data source what it calls it. */
const NAME = '@transactional/data-source';

type RunInTransaction = <T>(
  work: () => Promise<T>,
  options: { connectionName: string; propagation: string },
) => Promise<T>;

/**
 * Transactions of `typeorm-transactional`, which patches data sources: `dataSource.manager` is the transaction's while
 * one is open in the current async context, and the usual one (bound to no connection) otherwise. Looking there needs
 * no package, and finds what other libraries of this kind do, too; opening one needs `runInTransaction()`.
 */
export class PatchedManagerTransactions implements AmbientTransactions {
  static async load(dataSource: DataSource): Promise<PatchedManagerTransactions> {
    const name = (dataSource as unknown as Record<string, unknown>)[NAME];
    const exports = name === undefined ? null : await loadOptional('typeorm-transactional');
    const run = exports?.['runInTransaction'] as RunInTransaction | undefined;
    return new PatchedManagerTransactions(dataSource, run ? { name: String(name), run } : null);
  }

  private constructor(
    private readonly dataSource: DataSource,
    private readonly library: { readonly name: string; readonly run: RunInTransaction } | null,
  ) {}

  current(): EntityManager | null {
    const manager = this.dataSource.manager;
    return isActiveIn(this.dataSource, manager) ? manager : null;
  }

  manages(): boolean {
    return this.library !== null;
  }

  open<T>(work: () => Promise<T>): Promise<T> {
    const { name, run } = this.library!;
    return run(work, { connectionName: name, propagation: 'REQUIRES_NEW' });
  }
}
