import { raw, sql, type Sql } from '../../sql/sql.js';
import type { TableNames } from '../../sql/table-names.js';

/**
 * Whether there are error rows that a dead row `t` of the outbox was parked with: by the relay, which knows rows, or by
 * the group that its topic settles on, which knows the message. What other groups parked of it is another matter.
 *
 * Two EXISTS and not one with OR: each is a probe of `ix_error_message`, and MySQL reads the whole table for the OR.
 */
export function hasParkedError(tables: TableNames, state: 'resolved' | 'unresolved'): Sql {
  const among = sql`SELECT 1 FROM ${raw(tables.errorLog)} AS e WHERE e.parked
    AND e.retain_from ${raw(state === 'resolved' ? 'IS NOT NULL' : 'IS NULL')}`;
  return sql`(EXISTS (${among} AND e.direction = 'PRODUCE' AND e.message_id = t.id)
    OR (t.settle_group IS NOT NULL AND EXISTS (${among} AND e.direction = 'CONSUME' AND e.group_alias = t.settle_group
      AND e.message_id = COALESCE(t.replay_of, t.id))))`;
}
