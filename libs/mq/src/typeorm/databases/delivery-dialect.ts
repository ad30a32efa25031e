import type { QueryRunner } from 'typeorm';
import type { Sql } from '../sql/sql.js';

/** Session settings of a delivery: applied first in its transaction, restored after it. */
export interface SessionSettings {
  readonly apply: string;
  /** `null` where the end of the transaction does it. */
  readonly restore: string | null;
}

/** What the databases do differently in the transaction of a delivery. */
export interface DeliveryDialect {
  /** Bounds the wait for locks, until `enter` lifts the bound. */
  settings(lockWaitMs: number): SessionSettings;

  /**
   * Runs an INSERT of one row, `false` when there is one already; the transaction goes on either way. A row that another
   * transaction has inserted and not committed yet is waited for.
   */
  insert(runner: QueryRunner, statement: Sql): Promise<boolean>;

  /** `insert`, after which the handler's own statements wait for locks as long as the user says. */
  enter(runner: QueryRunner, statement: Sql): Promise<boolean>;

  /**
   * The same for an INSERT of many rows into the inbox: inserts those that are not there, and answers the `message_id` of each of them, or
   * `'all'`.
   * @param inserted a SELECT of these, for databases whose INSERT does not say
   */
  enterAll(runner: QueryRunner, statement: Sql, inserted: Sql): Promise<'all' | readonly string[]>;
}
