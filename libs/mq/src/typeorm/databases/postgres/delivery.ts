import type { QueryRunner } from 'typeorm';
import { raw, sql, type Sql } from '../../sql/sql.js';
import { runSql, type SqlResult } from '../../sql/run-sql.js';
import type { DeliveryDialect, InboxInsert } from '../delivery-dialect.js';
import { postgresSyntax } from './syntax.js';

/**
 * `lock_timeout` is set for the transaction only, and the user's value kept beside it in a setting of our own, both in the
 * statement that inserts: a statement of its own costs as much as the one of a small handler. RETURNING, which puts the user's value
 * back, is evaluated after the wait, and only for a row that was inserted; with a duplicate no handler runs.
 */
const LIFT = `set_config('lock_timeout', current_setting('mq.lock_timeout'), true)`;

/** In this order, because the columns of a SELECT are computed from left to right. OFFSET 0 keeps the planner from merging the SELECT. */
function limits(lockWaitMs: number): Sql {
  // 0 would mean to wait for ever.
  const limit = Math.max(1, Math.floor(lockWaitMs));
  return raw(`(SELECT set_config('mq.lock_timeout', current_setting('lock_timeout'), true),
    set_config('lock_timeout', '${limit}', true) OFFSET 0) AS limits`);
}

export const postgresDelivery: DeliveryDialect = {
  settings: () => ({ apply: null, restore: null }),

  async insert(runner, { into, values }) {
    return (await unlessThere(runner, sql`${into} ${values}`, '1')).rows.length > 0;
  },
  async enter(runner, rows, lockWaitMs) {
    return (await unlessThere(runner, limited(rows, lockWaitMs), LIFT)).rows.length > 0;
  },
  async enterAll(runner, rows, lockWaitMs) {
    const { rows: entered } = await unlessThere<{ message_id: string }>(
      runner,
      limited(rows, lockWaitMs),
      `message_id, ${LIFT}`,
    );
    return entered.map(({ message_id }) => message_id);
  },
};

/** The first row can only be read, and inserted, when the limits are set. Parameters in a VALUES list of a FROM are texts. */
function limited({ into, columns, values }: InboxInsert, lockWaitMs: number): Sql {
  const typed = columns.map((column) => (column === 'body_digest' ? `${column}::bigint` : column)).join(', ');
  return sql`${into} SELECT ${raw(typed)} FROM ${limits(lockWaitMs)}, (${values}) AS v (${raw(columns.join(', '))})`;
}

/** A failed statement would abort the transaction, so a conflict must not be an error. */
function unlessThere<Row>(runner: QueryRunner, insert: Sql, returning: string): Promise<SqlResult<Row>> {
  return runSql<Row>(runner, postgresSyntax, sql`${insert} ON CONFLICT DO NOTHING RETURNING ${raw(returning)}`);
}
