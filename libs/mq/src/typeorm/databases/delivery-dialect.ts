import type { QueryRunner } from 'typeorm';
import type { Sql } from '../sql/sql.js';

/** Session settings of a delivery: applied first in its transaction, restored after it. */
export interface SessionSettings {
  /** `null` where `enter` does it. */
  readonly apply: string | null;
  /** `null` where the end of the transaction does it. */
  readonly restore: string | null;
}

/** An INSERT of rows into the inbox, in two parts: what a database has to say for the time of the statement comes in between. */
export interface InboxInsert {
  /** `INSERT INTO … (…)` */
  readonly into: Sql;
  readonly columns: readonly string[];
  /** `VALUES (…), (…)` */
  readonly values: Sql;
}

/** What the databases do differently in the transaction of a delivery. */
export interface DeliveryDialect {
  /**
   * Bounds the wait for locks, until `enter` lifts the bound; where `enter` sets the bound as well, that is not for here.
   * @param connection of the driver
   */
  settings(lockWaitMs: number, connection: object): SessionSettings;

  /**
   * Runs an INSERT of one row, `false` when there is one already; the transaction goes on either way. A row that another
   * transaction has inserted and not committed yet is waited for.
   */
  insert(runner: QueryRunner, rows: InboxInsert): Promise<boolean>;

  /** `insert` of a delivery, within its bound; the handler's own statements then wait for locks as long as the user says. */
  enter(runner: QueryRunner, rows: InboxInsert, lockWaitMs: number): Promise<boolean>;

  /**
   * The same for an INSERT of many rows into the inbox: inserts those that are not there, and answers the `message_id` of each of them, or
   * `'all'`.
   * @param inserted a SELECT of these, for databases whose INSERT does not say
   */
  enterAll(
    runner: QueryRunner,
    rows: InboxInsert,
    lockWaitMs: number,
    inserted: Sql,
  ): Promise<'all' | readonly string[]>;
}
