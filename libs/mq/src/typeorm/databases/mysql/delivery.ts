import type { QueryRunner } from 'typeorm';
import { raw, sql, type Sql } from '../../sql/sql.js';
import { runSql } from '../../sql/run-sql.js';
import type { DeliveryDialect, InboxInsert } from '../delivery-dialect.js';
import { isDuplicateKey } from './errors.js';
import { lockWaitOf } from './lock-wait.js';
import { mysqlSyntax } from './syntax.js';

/** MySQL and MariaDB. */
export const mysqlDelivery: DeliveryDialect = {
  /**
   * Without autocommit, because a deadlock makes the server roll back the whole transaction: what a handler that
   * swallowed the error writes next would be committed statement by statement, and stay when the delivery is rolled
   * back. The user's own values wait in session variables.
   */
  settings: (lockWaitMs, connection) => lockWaitOf(connection).settings(secondsOf(lockWaitMs)),

  insert: (runner, rows) => insert(runner, rows),

  enter: (runner, rows, lockWaitMs) => limited(runner, lockWaitMs, (limit) => insert(runner, rows, limit)),

  /** Most batches are new as a whole. Where one is not, rows that are there are left as they are; IGNORE would cut values that do not fit. */
  enterAll: (runner, rows, lockWaitMs, inserted) =>
    limited(runner, lockWaitMs, async (limit) => {
      if (await insert(runner, rows, limit)) return 'all';
      const { into, values } = rows;
      await runSql(runner, mysqlSyntax, sql`${limit}${into} ${values} ON DUPLICATE KEY UPDATE token = token`);
      const found = await runSql<{ message_id: string }>(runner, mysqlSyntax, inserted);
      return found.rows.map(({ message_id }) => message_id);
    }),
};

/** A failed statement leaves the transaction usable here. */
async function insert(runner: QueryRunner, { into, values }: InboxInsert, limit = raw('')): Promise<boolean> {
  try {
    await runSql(runner, mysqlSyntax, sql`${limit}${into} ${values}`);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** @param work is given what stands before a statement whose wait is bounded */
async function limited<T>(runner: QueryRunner, lockWaitMs: number, work: (limit: Sql) => Promise<T>): Promise<T> {
  const lockWait = lockWaitOf((await runner.connect()) as object);
  const done = await work(lockWait.before(secondsOf(lockWaitMs)));
  if (lockWait.lift !== null) await runner.query(lockWait.lift);
  return done;
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.floor(ms / 1_000));
}
