import type { DataSource, EntityManager } from 'typeorm';
import { isActiveIn } from './active-transaction.js';
import type { AmbientTransactions } from './ambient-transactions.js';
import { copiesOf } from './copies-of.js';

/** Under this name `addTransactionalDataSource()` notes on the data source what it calls it. */
const NAME = '@transactional/data-source';

/** What of the package is used here. */
interface Library {
  getDataSourceByName(name: string): DataSource | undefined;
  runInTransaction<T>(work: () => Promise<T>, options: { connectionName: string; propagation: string }): Promise<T>;
}

/**
 * Transactions of `typeorm-transactional`, which patches data sources: `dataSource.manager` is the transaction's while
 * one is open in the current async context, and the usual one (bound to no connection) otherwise. Reading that
 * property needs no package, and finds the transactions of similar libraries, too. Beginning one needs the same copy of the package that
 * the application has registered its data source with: another copy does not know it.
 */
export class PatchedManagerTransactions implements AmbientTransactions {
  readonly name = 'typeorm-transactional';

  static async load(dataSource: DataSource): Promise<PatchedManagerTransactions> {
    const name = (dataSource as unknown as Record<string, unknown>)[NAME] as string | undefined;
    if (name === undefined) return new PatchedManagerTransactions(dataSource, undefined, null);
    const copies = await copiesOf<Library>('typeorm-transactional', importLibrary);
    const library = copies.find((copy) => copy.getDataSourceByName?.(name) === dataSource) ?? null;
    return new PatchedManagerTransactions(dataSource, name, library as Library | null);
  }

  private constructor(
    private readonly dataSource: DataSource,
    private readonly calledThere: string | undefined,
    private readonly library: Library | null,
  ) {}

  current(): EntityManager | null {
    const manager = this.dataSource.manager;
    return isActiveIn(this.dataSource, manager) ? manager : null;
  }

  manages(): boolean {
    return this.calledThere !== undefined;
  }

  problem(): string | null {
    return this.manages() && this.library === null
      ? `the data source was given to another copy of ${this.name} than the one that this library finds`
      : null;
  }

  open<T>(work: () => Promise<T>): Promise<T> {
    return this.library!.runInTransaction(work, { connectionName: this.calledThere!, propagation: 'REQUIRES_NEW' });
  }
}

/** Awaited inside of `try`, by which bundlers know that it may be absent: any other import of what is absent ends a build. */
async function importLibrary(): Promise<object | null> {
  try {
    return await import('typeorm-transactional');
  } catch {
    return null;
  }
}
