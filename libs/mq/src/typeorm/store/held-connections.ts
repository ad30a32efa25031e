import type { DataSource, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { deferred } from '../../core/runtime/deferred.js';
import { connectClean } from '../connection/clean-connection.js';
import { deliveryDialectOf } from '../delivery/delivery-dialect-of.js';
import { mark, type RawConnection } from '../delivery/raw-connection.js';
import { detectDialect } from '../dialects/detect-dialect.js';
import type { Dialect } from '../dialects/dialect.js';

interface Held {
  /** `null` while the pool has not given one yet. */
  connection: RawConnection | null;
  readonly giveUp: (error: MqError) => void;
}

/**
 * The connections of the pool that this module has at the moment, or waits for, so that a process that ends need not wait
 * for a database that does not answer: nobody can tell a statement that is slow from one whose answer will never come.
 *
 * States: *open*; *abandoned*, for good: what was held is closed, which rolls it back, what waits is rejected, and nothing is
 * begun any more. What the application itself holds is left alone.
 */
export class HeldConnections {
  private readonly held = new Map<QueryRunner, Held>();
  private readonly idlers = new Set<() => void>();
  private readonly dialect: Dialect;
  private abandoned: MqError | null = null;

  constructor(private readonly dataSource: DataSource) {
    this.dialect = detectDialect(dataSource);
  }

  /** How many are held or waited for. */
  get count(): number {
    return this.held.size;
  }

  /**
   * Runs `work` on a connection from the pool that is in no transaction, and gives that back. Whatever this module does apart
   * from a caller's transaction it does through here, or in a transaction that {@link TransactionStarts.open} sees begin.
   *
   * `createQueryRunner()` and never `dataSource.manager` or `dataSource.query()`: libraries that carry transactions
   * implicitly replace those, and a relay that is started from a transaction would then work inside of it.
   * @throws {MqError} `MQ_DATABASE_UNAVAILABLE` when everything was abandoned meanwhile, or before
   */
  async use<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    if (this.abandoned) throw this.abandoned;
    const runner = this.dataSource.createQueryRunner('master');
    const { promise: givenUp, reject: giveUp } = deferred<never>();
    givenUp.catch(() => undefined);
    const held: Held = { connection: null, giveUp };
    this.held.set(runner, held);
    try {
      await Promise.race([connectClean(runner, this.dialect, (met) => this.meet(runner, held, met)), givenUp]);
      return await Promise.race([work(runner), givenUp]);
    } finally {
      // Not one that was abandoned: it is closed, or has no connection yet, and would keep that for ever once it came.
      if (this.held.get(runner) === held) {
        await Promise.race([runner.release(), givenUp]);
        this.forget(runner);
      }
    }
  }

  /** Takes note of a connection that somebody else took from the pool, until {@link forget}. */
  watch(runner: QueryRunner, connection: RawConnection): void {
    if (this.abandoned) return connection.destroy(this.abandoned);
    if (!this.held.has(runner)) this.held.set(runner, { connection, giveUp: () => undefined });
  }

  forget(runner: QueryRunner): void {
    this.held.delete(runner);
    if (this.held.size === 0) for (const wake of this.idlers) wake();
  }

  /** Resolves when nothing is held any more. */
  async idle(): Promise<void> {
    while (this.held.size > 0) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.idlers.delete(wake);
          resolve();
        };
        this.idlers.add(wake);
      });
    }
  }

  /** Closes what is held, and whatever is on its way to becoming a connection: it is waited for by nobody else then. */
  abandon(): void {
    this.abandoned ??= new MqError(
      'MQ_DATABASE_UNAVAILABLE',
      'the process ends, so the statements of this module that were still without an answer were given up, and none begins any more',
      { retryable: true },
    );
    if (this.held.size === 0) return;
    const all = [...this.held];
    this.held.clear();
    for (const [, { connection, giveUp }] of all) {
      connection?.destroy(this.abandoned);
      giveUp(this.abandoned);
    }
    if (all.some(([, { connection }]) => connection === null))
      deliveryDialectOf(this.dialect).stopConnecting(this.dataSource);
    for (const wake of this.idlers) wake();
  }

  private meet(runner: QueryRunner, held: Held, connection: RawConnection): void {
    held.connection = connection;
    // It comes too late when it was waited for no longer: closed at once, or the end of the pool would wait for it.
    if (!this.abandoned || this.held.has(runner)) return;
    mark(runner, { isReleased: false });
    connection.destroy(this.abandoned);
  }
}
