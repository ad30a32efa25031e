import { raw, sql, type Sql } from '../../dialects/sql.js';
import type { TableNames } from '../../table-names.js';

/**
 * The error rows that a dead row `t` of the outbox was parked with, for EXISTS: by the relay, or by the group that its
 * topic settles on. What other groups parked of the same message is another matter.
 */
export function parkedError(tables: TableNames, state: 'resolved' | 'unresolved'): Sql {
  return sql`SELECT 1 FROM ${raw(tables.errorLog)} AS e WHERE e.message_id = t.id AND e.parked
    AND (e.direction = 'PRODUCE' OR e.group_alias = t.settle_group)
    AND e.resolved_at ${raw(state === 'resolved' ? 'IS NOT NULL' : 'IS NULL')}`;
}
