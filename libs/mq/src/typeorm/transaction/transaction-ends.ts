import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { TransactionOutcome } from '../../core/publisher/transaction-context.js';
import type { TransactionWatch } from '../databases/transaction-watch.js';
import { detectDialect } from '../databases/detect-dialect.js';
import { CommitProof } from '../databases/commit-proof.js';
import type { Dialect } from '../databases/dialect.js';

type Listener = (outcome: TransactionOutcome, partly: boolean) => void;

/** A query runner whose outermost transaction has listeners. */
interface Watched {
  readonly listeners: Listener[];
  /** What the application has asked for, which may have failed. A ROLLBACK after a COMMIT that failed decides nothing. */
  asked: 'commit' | 'rollback' | null;
  /** Known as soon as the query runner has its connection. */
  server: TransactionWatch | null;
  /** Of what it has done since then. */
  proof: CommitProof | null;
  /** Whether the transaction was over before TypeORM was asked to roll it back. */
  isOver: boolean;
  /** Whether a savepoint of it was rolled back. */
  partly: boolean;
}

const ofDataSource = new WeakMap<DataSource, TransactionEnds>();

/**
 * Calls listeners when the outermost transaction of a query runner ends, as one TypeORM subscriber for each data source.
 *
 * A query runner is in one of three states: *unwatched* (no listeners), *watched* (listeners wait), and from there back
 * to *unwatched* by whichever comes first:
 *
 * - its outermost transaction committed or rolled back. TypeORM sends the same events for savepoints; only after the
 *   outermost one `isTransactionActive` is false. What the driver has heard meanwhile may prove the commit. A rollback that
 *   finds the transaction ended decides nothing: MySQL commits it at every DDL statement, and any code may run COMMIT. So the
 *   rows have to be read back.
 * - it was released without either. After a COMMIT that failed the outcome is unknown, after a ROLLBACK that failed
 *   it is known. If neither was asked for, the state at the server counts: either the application has ended the transaction
 *   with SQL of its own, or it is still open, on a connection that goes back to the pool. No end without a COMMIT is a commit.
 *
 * Subscribers run inside the caller's `commitTransaction()`, whose promise would reject with what they throw although
 * the data is committed. So listeners are isolated from it and from each other.
 */
export class TransactionEnds implements EntitySubscriberInterface {
  private readonly watched = new WeakMap<QueryRunner, Watched>();
  private readonly watchedRelease = new WeakSet<QueryRunner>();
  private readonly dialect: Dialect;

  static of(dataSource: DataSource): TransactionEnds {
    let ends = ofDataSource.get(dataSource);
    if (!ends) {
      ends = new TransactionEnds(dataSource);
      ofDataSource.set(dataSource, ends);
    }
    return ends;
  }

  private constructor(private readonly dataSource: DataSource) {
    this.dialect = detectDialect(dataSource);
  }

  listen(runner: QueryRunner, listener: Listener): void {
    this.subscribe();
    const waiting = this.watched.get(runner);
    if (waiting) waiting.listeners.push(listener);
    else this.watch(runner, listener);
    this.watchRelease(runner);
  }

  beforeTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.ask(queryRunner, 'commit');
  }

  beforeTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    const watched = this.watched.get(queryRunner);
    if (watched?.proof) watched.isOver = watched.proof.hasEnded;
    this.ask(queryRunner, 'rollback');
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (queryRunner.isTransactionActive) this.ask(queryRunner, null);
    else this.end(queryRunner, this.watched.get(queryRunner)?.proof?.isGiven ? 'proven' : 'committed');
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    const watched = this.watched.get(queryRunner);
    if (watched) watched.partly = true;
    if (queryRunner.isTransactionActive) this.ask(queryRunner, null);
    else this.end(queryRunner, watched?.isOver ? 'committed' : 'rolled-back');
  }

  private watch(runner: QueryRunner, listener: Listener): void {
    const watched: Watched = {
      listeners: [listener],
      asked: null,
      server: null,
      proof: null,
      isOver: false,
      partly: false,
    };
    this.watched.set(runner, watched);
    void runner.connect().then(
      (connection: unknown) => {
        // In the turn in which the connection is known, so before a statement that is run once it is.
        watched.server = this.dialect.watch(connection as object);
        watched.proof = new CommitProof(watched.server);
      },
      // Without a connection there is no transaction either; the caller is told by its own statement.
      () => undefined,
    );
  }

  private ask(runner: QueryRunner, what: Watched['asked']): void {
    const watched = this.watched.get(runner);
    if (watched && !(watched.asked === 'commit' && what === 'rollback')) watched.asked = what;
  }

  private end(runner: QueryRunner, outcome: TransactionOutcome): void {
    const { listeners = [], partly = false } = this.watched.get(runner) ?? {};
    this.watched.delete(runner);
    for (const listener of listeners) {
      try {
        listener(outcome, partly);
      } catch {
        // The caller's transaction is over, and must not look failed because of a listener.
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
      const watched = this.watched.get(runner);
      const outcome = watched && outcomeOf(watched);
      try {
        await release();
      } finally {
        if (outcome) this.end(runner, outcome);
      }
    };
  }
}

/** The outcome of a transaction whose query runner is released before TypeORM has told of its end. */
function outcomeOf({ asked, server, isOver }: Watched): TransactionOutcome {
  if (asked === 'rollback') return isOver ? 'committed' : 'rolled-back';
  if (server?.state === 'none') return 'committed';
  return asked === 'commit' ? 'unknown' : 'left-open';
}
