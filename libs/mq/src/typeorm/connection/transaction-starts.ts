import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { detectDialect } from '../databases/detect-dialect.js';
import type { Dialect } from '../databases/dialect.js';
import { connectClean } from './clean-connection.js';
import type { HeldConnections } from './held-connections.js';

/** A transaction that another library is about to begin for this one. */
interface Opening {
  readonly held: HeldConnections;
  /** `null` until it begins. */
  runner: QueryRunner | null;
}

const ofDataSource = new WeakMap<DataSource, TransactionStarts>();

/**
 * Is called before the BEGIN of each transaction of TypeORM, as one subscriber for each data source.
 *
 * - The connection is watched from then on, so that the first `publish()` on it need not ask the server anything.
 * - A transaction that another library opens on our behalf gets a clean connection, as ours do: the `BEGIN` of TypeORM would
 *   otherwise continue a transaction that was left open on it (PostgreSQL), or commit it (MySQL). From before that `BEGIN` it
 *   is on the list of connections that are given up when the process has to end.
 */
export class TransactionStarts implements EntitySubscriberInterface {
  private readonly own = new AsyncLocalStorage<Opening>();
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

  /** Calls `begin`, and returns what that does. The first transaction that begins in it is one of this library's. */
  async open<T>(held: HeldConnections, begin: () => Promise<T>): Promise<T> {
    this.subscribe();
    const opening: Opening = { held, runner: null };
    try {
      return await this.own.run(opening, begin);
    } finally {
      if (opening.runner) held.forget(opening.runner);
    }
  }

  async beforeTransactionStart({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> {
    const opening = this.own.getStore();
    // Code inside of the transaction inherits this context, and may begin transactions that are not ours.
    if (opening?.runner === null) {
      opening.runner = queryRunner;
      await connectClean(queryRunner, this.dialect, (connection) => opening.held.watch(queryRunner, connection));
    } else {
      this.dialect.watch((await queryRunner.connect()) as object);
    }
  }

  /** Each time, because `dataSource.initialize()` after a `destroy()` replaces the list of subscribers. */
  private subscribe(): void {
    if (!this.dataSource.subscribers.includes(this)) this.dataSource.subscribers.push(this);
  }
}
