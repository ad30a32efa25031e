import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';

const ofDataSource = new WeakMap<DataSource, CommitHolds>();

/**
 * Keeps transactions from being committed before, and without, what was begun in them and is not awaited by whoever began it.
 *
 * TypeORM waits for subscribers before it sends COMMIT, and what one of them throws fails `commitTransaction()`. What has failed once fails each
 * further commit of the transaction, those of its savepoints as well: nothing can undo that a part of it is missing.
 */
export class CommitHolds implements EntitySubscriberInterface {
  private readonly held = new WeakMap<QueryRunner, Promise<unknown>[]>();

  static of(dataSource: DataSource): CommitHolds {
    let holds = ofDataSource.get(dataSource);
    if (!holds) {
      holds = new CommitHolds(dataSource);
      ofDataSource.set(dataSource, holds);
    }
    return holds;
  }

  private constructor(private readonly dataSource: DataSource) {}

  hold(runner: QueryRunner, work: Promise<unknown>): void {
    // Each time, because `dataSource.initialize()` after a `destroy()` replaces the list of subscribers.
    if (!this.dataSource.subscribers.includes(this)) this.dataSource.subscribers.push(this);
    work.catch(() => undefined);
    const held = this.held.get(runner);
    if (held) held.push(work);
    else this.held.set(runner, [work]);
  }

  beforeTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> | undefined {
    const held = this.held.get(queryRunner);
    return held && allOf(held);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.ended(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.ended(queryRunner);
  }

  /** TypeORM sends the same events for savepoints. */
  private ended(runner: QueryRunner): void {
    if (!runner.isTransactionActive) this.held.delete(runner);
  }
}

/** What comes meanwhile as well. */
async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  for (const work of works) await work;
}
