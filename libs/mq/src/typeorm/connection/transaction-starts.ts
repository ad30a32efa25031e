import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { detectDialect } from '../dialects/detect-dialect.js';
import type { Dialect } from '../dialects/dialect.js';
import { connectClean } from './clean-connection.js';

const ofDataSource = new WeakMap<DataSource, TransactionStarts>();

/**
 * Sees each transaction that TypeORM begins, before its BEGIN, through one subscriber for each data source.
 *
 * - Its connection is watched from then on, so that the first `publish()` on it need not ask the server anything.
 * - One that this library opens is given a clean connection, also where another library opens it on our behalf: the `BEGIN`
 *   of TypeORM would otherwise continue a transaction that was left open on it (PostgreSQL), or commit it (MySQL).
 */
export class TransactionStarts implements EntitySubscriberInterface {
  private readonly own = new AsyncLocalStorage<{ due: boolean }>();
  private readonly dialect: Dialect;

  static of(dataSource: DataSource): TransactionStarts {
    let starts = ofDataSource.get(dataSource);
    if (!starts) {
      starts = new TransactionStarts(dataSource);
      ofDataSource.set(dataSource, starts);
    }
    starts.subscribe();
    return starts;
  }

  private constructor(private readonly dataSource: DataSource) {
    this.dialect = detectDialect(dataSource);
  }

  /** Calls `begin`, the first transaction of which is one of this library's. */
  open<T>(begin: () => Promise<T>): Promise<T> {
    this.subscribe();
    return this.own.run({ due: true }, begin);
  }

  async beforeTransactionStart({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> {
    const own = this.own.getStore();
    if (own?.due) {
      // What the transaction then calls inherits this context, with transactions that are not ours.
      own.due = false;
      await connectClean(queryRunner, this.dialect);
    } else {
      this.dialect.watch((await queryRunner.connect()) as object);
    }
  }

  /** Each time, because `dataSource.initialize()` after a `destroy()` replaces the list of subscribers. */
  private subscribe(): void {
    if (!this.dataSource.subscribers.includes(this)) this.dataSource.subscribers.push(this);
  }
}
