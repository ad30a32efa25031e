import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { TransactionOutcome } from '../../core/publisher/transaction-context.js';

type Listener = (outcome: TransactionOutcome) => void;

const ofDataSource = new WeakMap<DataSource, TransactionEnds>();

/**
 * Tells when the outermost transaction of a query runner ends, through one TypeORM subscriber for each data source.
 *
 * A query runner is in one of three states: *unwatched* (no listeners), *watched* (listeners wait), and from there back
 * to *unwatched* by whichever comes first:
 *
 * - its outermost transaction committed or rolled back. TypeORM sends the same events for savepoints; only after the
 *   outermost one `isTransactionActive` is false.
 * - it was released without either. That happens when both COMMIT and ROLLBACK failed because the connection broke, so
 *   nobody knows the outcome; `committed` is the hint that makes listeners look.
 *
 * Subscribers run inside the caller's `commitTransaction()`, whose promise would reject with what they throw although
 * the data is committed. So listeners are isolated from it and from each other.
 */
export class TransactionEnds implements EntitySubscriberInterface {
  private readonly listeners = new WeakMap<QueryRunner, Listener[]>();
  private readonly watchedRelease = new WeakSet<QueryRunner>();

  static of(dataSource: DataSource): TransactionEnds {
    let ends = ofDataSource.get(dataSource);
    if (!ends) {
      ends = new TransactionEnds(dataSource);
      ofDataSource.set(dataSource, ends);
    }
    return ends;
  }

  private constructor(private readonly dataSource: DataSource) {}

  listen(runner: QueryRunner, listener: Listener): void {
    this.subscribe();
    const waiting = this.listeners.get(runner);
    if (waiting) waiting.push(listener);
    else this.listeners.set(runner, [listener]);
    this.watchRelease(runner);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.end(queryRunner, 'committed');
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.end(queryRunner, 'rolled-back');
  }

  private end(runner: QueryRunner, outcome: TransactionOutcome): void {
    const listeners = this.listeners.get(runner) ?? [];
    this.listeners.delete(runner);
    for (const listener of listeners) {
      try {
        listener(outcome);
      } catch {
        // A listener only takes note. The caller's transaction is over and must not look failed because of us.
      }
    }
  }

  /** Each time, because `dataSource.initialize()` after a `destroy()` replaces the list of subscribers. */
  private subscribe(): void {
    if (!this.dataSource.subscribers.includes(this)) this.dataSource.subscribers.push(this);
  }

  private watchRelease(runner: QueryRunner): void {
    if (this.watchedRelease.has(runner)) return;
    this.watchedRelease.add(runner);
    const release = runner.release.bind(runner);
    runner.release = async () => {
      try {
        await release();
      } finally {
        this.end(runner, 'committed');
      }
    };
  }
}
