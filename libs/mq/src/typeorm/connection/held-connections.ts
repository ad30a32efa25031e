import type { DataSource, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { deferred } from '../../core/runtime/deferred.js';
import { connectClean } from './clean-connection.js';
import { mark, type RawConnection } from '../databases/raw-connection.js';
import { detectDialect } from '../databases/detect-dialect.js';
import type { Dialect } from '../databases/dialect.js';

interface Held {
  /** `null` while the pool has not given one yet. */
  connection: RawConnection | null;
  readonly giveUp: (error: MqError) => void;
}

/**
 * Keeps the list of pool connections that this module uses or waits for, so that a process that ends need not wait for a
 * database that does not answer: a slow statement and one whose answer will never come look the same.
 *
 * States: *in use*; after `abandon()` *abandoned*, for good: the connections are closed, which rolls back, those who wait for
 * one are rejected, and no statement begins any more. Connections of the application are not on the list.
 */
export class HeldConnections {
  private readonly held = new Map<QueryRunner, Held>();
  private readonly waiters = new Set<() => void>();
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
   * from a caller's transaction it does through here, or, where a library has to open the transaction, in one that
   * `TransactionStarts.open` sees begin.
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
      await Promise.race([connectClean(runner, this.dialect, (met) => this.received(runner, held, met)), givenUp]);
      return await Promise.race([work(runner), givenUp]);
    } finally {
      // Not an abandoned one: it is closed, or still waits for a connection, which release() would never give back.
      if (this.held.get(runner) === held) {
        await Promise.race([runner.release(), givenUp]);
        this.forget(runner);
      }
    }
  }

  /** Adds a connection that other code took from the pool, until {@link forget}. The query runner's last one counts. */
  watch(runner: QueryRunner, connection: RawConnection): void {
    if (this.abandoned) return connection.destroy(this.abandoned);
    const held = this.held.get(runner);
    if (held) held.connection = connection;
    else this.held.set(runner, { connection, giveUp: () => undefined });
  }

  forget(runner: QueryRunner): void {
    this.held.delete(runner);
    if (this.held.size === 0) for (const wake of this.waiters) wake();
  }

  /** Resolves when nothing is held any more. */
  async whenIdle(): Promise<void> {
    while (this.held.size > 0) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.waiters.delete(wake);
          resolve();
        };
        this.waiters.add(wake);
      });
    }
  }

  /** Closes the connections, and ends the attempts to make one: nobody waits for them any more. */
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
    if (all.some(([, { connection }]) => connection === null)) this.dialect.stopConnecting(this.dataSource);
    for (const wake of this.waiters) wake();
  }

  private received(runner: QueryRunner, held: Held, connection: RawConnection): void {
    held.connection = connection;
    // After abandon() nobody waits for it. It is closed at once, or the end of the pool would wait for it.
    if (!this.abandoned || this.held.has(runner)) return;
    mark(runner, { isReleased: false });
    connection.destroy(this.abandoned);
  }
}
