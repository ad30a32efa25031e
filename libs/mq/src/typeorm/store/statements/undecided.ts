import { raw, sql, type Sql } from '../../sql/sql.js';
import type { TableNames } from '../../sql/table-names.js';

/**
 * Whether nobody has decided about the parked message of error row `e` yet. `retain_from` and not `resolved_at`: it is set with it,
 * and has an index, in which NULL are exactly these.
 */
export const UNDECIDED = raw('e.parked AND e.retain_from IS NULL');

/**
 * Ids and topics of the dead rows of the outbox that nobody has decided about, each once, looked up from the error rows that they were
 * parked with: by the relay, which knows rows, or by the group that their topic settles on, which knows the message. Dead
 * rows themselves have no index of their own, and there may be millions of finished ones around them.
 * @param causes `relay`: only what the relay has parked
 */
export function undecidedDead(tables: TableNames, causes: 'all' | 'relay' = 'all'): Sql {
  const errors = sql`FROM ${raw(tables.errorLog)} AS e JOIN ${raw(tables.statusLog)} AS t`;
  const byRelay = sql`SELECT t.id, t.topic_alias ${errors} ON t.id = e.message_id
    WHERE ${UNDECIDED} AND e.direction = 'PRODUCE' AND t.status = 'DEAD'`;
  if (causes === 'relay') return byRelay;
  const byGroup = (messageId: Sql): Sql => sql`SELECT t.id, t.topic_alias ${errors} ON ${messageId} = e.message_id
    WHERE ${UNDECIDED} AND e.direction = 'CONSUME' AND t.status = 'DEAD' AND t.settle_group = e.group_alias`;
  return sql`${byRelay} UNION ${byGroup(raw('t.replay_of IS NULL AND t.id'))} UNION ${byGroup(raw('t.replay_of'))}`;
}
