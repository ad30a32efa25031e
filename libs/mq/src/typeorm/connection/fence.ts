import { QueryRunnerAlreadyReleasedError, type QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { Dialect } from '../databases/dialect.js';
import type { Sql } from '../sql/sql.js';
import { runSql, type SqlResult } from '../sql/run-sql.js';
import type { TransactionWatch } from '../databases/transaction-watch.js';

/** The state of the transaction was unknown when the statement was to be sent. */
class StateUnknown extends Error {}

/**
 * Runs statements in the transaction that is open when the fence is made, or not at all.
 *
 * TypeORM checks its own state and then hands the statement to the driver, which queues it. Before it in that queue
 * may be the ROLLBACK of a sibling that failed in the meantime, or, once the connection is back in the pool, the BEGIN of
 * somebody else. So the fence decides when the statement leaves that queue and everything before it is answered: by the state
 * of the transaction that the server reported last, and by whether a transaction has ended since. It costs no round trip.
 *
 * Rejected: `transaction_timestamp() < statement_timestamp()` in the statement, which also holds in autocommit, because binding
 * parameters sets the second one once more; `pg_current_xact_id_if_assigned()`, which is not assigned before the first
 * write; looking afterwards and deleting, which needs a connection that is no longer ours.
 */
export class Fence {
  static async around(runner: QueryRunner, dialect: Dialect): Promise<Fence> {
    const connection = await runner.connect();
    return new Fence(runner, dialect, connection as object, dialect.watch(connection as object));
  }

  private readonly ended: number;
  private readonly fenced: QueryRunner;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly dialect: Dialect,
    connection: object,
    private readonly watch: TransactionWatch,
  ) {
    this.ended = watch.ended;
    const gated = dialect.gate(connection, () => this.refusal());
    // TypeORM's own `query` with another connection under it, so that its logging and tracing see these statements as well.
    // From the prototype: a wrapper around the instance's own `query` would go past the gate.
    const { query } = Object.getPrototypeOf(runner) as QueryRunner;
    this.fenced = Object.create(runner, {
      connect: { value: () => Promise.resolve(gated) },
      query: { value: query },
    }) as QueryRunner;
  }

  /** @throws {MqError} `MQ_TRANSACTION_CLOSED`: the transaction is over, and nothing was sent to the server */
  async run<Row>(statement: Sql): Promise<SqlResult<Row>> {
    for (;;) {
      try {
        // After an error of another statement, when the server did not say what became of the transaction.
        if (this.watch.state === 'unknown') await this.runner.query(this.dialect.probe);
        return await runSql<Row>(this.fenced, this.dialect, statement);
      } catch (error) {
        const reason = (error as { driverError?: unknown }).driverError ?? error;
        if (reason instanceof StateUnknown) continue;
        if (reason instanceof MqError) throw reason;
        throw error instanceof QueryRunnerAlreadyReleasedError ? transactionClosed() : error;
      }
    }
  }

  private refusal(): Error | null {
    if (this.runner.isReleased || this.watch.ended !== this.ended || this.watch.state === 'none')
      return transactionClosed();
    return this.watch.state === 'open' ? null : new StateUnknown();
  }
}

function transactionClosed(): MqError {
  return new MqError(
    'MQ_TRANSACTION_CLOSED',
    'the transaction that publish() was to be part of ended before the message could be written, so it was not published. ' +
      'Either something else in the transaction failed while publish() was under way (as in Promise.all), or the database ended it ' +
      'after a deadlock or another error that was caught and ignored; MySQL and MariaDB end one at each statement like CREATE TABLE ' +
      'or TRUNCATE, and commit what came before it. Await publish() before the transaction ends, let ' +
      'errors end it, and run it again as a whole.',
  );
}
