import type { QueryRunner } from 'typeorm';
import { raw, sql, type Sql } from '../../sql/sql.js';
import { runSql } from '../../sql/run-sql.js';
import type { DeliveryDialect } from '../delivery-dialect.js';
import { postgresSyntax } from './syntax.js';

/**
 * `lock_timeout` is set for the transaction only, and the user's value kept beside it in a setting of our own, so that
 * `enter` can put it back in the statement that inserts: RETURNING is evaluated after the wait, and only for a row that
 * was inserted; with a duplicate no handler runs.
 */
const LIFT = `set_config('lock_timeout', current_setting('mq.lock_timeout'), true)`;

export const postgresDelivery: DeliveryDialect = {
  settings(lockWaitMs) {
    // 0 would mean to wait for ever.
    const limit = Math.max(1, Math.floor(lockWaitMs));
    return {
      apply: `SELECT set_config('mq.lock_timeout', current_setting('lock_timeout'), true), set_config('lock_timeout', '${limit}', true)`,
      restore: null,
    };
  },

  insert: (runner, statement) => insertReturning('1', runner, statement),
  enter: (runner, statement) => insertReturning(LIFT, runner, statement),
  async enterAll(runner, statement) {
    const insert = sql`${statement} ON CONFLICT DO NOTHING RETURNING message_id, ${raw(LIFT)}`;
    const { rows } = await runSql<{ message_id: string }>(runner, postgresSyntax, insert);
    return rows.map(({ message_id }) => message_id);
  },
};

/** A failed statement would abort the transaction, so a conflict must not be an error. */
async function insertReturning(what: string, runner: QueryRunner, statement: Sql): Promise<boolean> {
  const insert = sql`${statement} ON CONFLICT DO NOTHING RETURNING ${raw(what)}`;
  return (await runSql(runner, postgresSyntax, insert)).rows.length > 0;
}
