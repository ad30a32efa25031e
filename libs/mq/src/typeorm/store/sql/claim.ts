import type { LeasedRow } from '../../../core/store/outbox-row.js';
import type { ClaimRequest, TopicFilter } from '../../../core/store/outbox-store.js';
import { list, raw, sql, type Sql } from '../../dialects/sql.js';
import type { OwnConnections } from '../own-connections.js';
import { leaseRows } from './lease-rows.js';

/**
 * Leases what is due. One range over `ix_due` finds new rows, retries, leases that ran out and silent groups alike, in
 * the order of the index: nothing is sorted and no finished row is read, however long the table is.
 *
 * Rejected, each with its measure:
 * - `status = … AND due_at …`: an index of 19 MB instead of 56 kB with 500,000 finished rows.
 * - two ranges with OR (due, or lease expired): 6,000 rows locked on MariaDB for 10 claimed, and a second worker gets none.
 * - REPEATABLE READ on MariaDB: a poll that finds nothing still locks the gap that producers insert into.
 * - `UPDATE … WHERE id IN (SELECT … LIMIT n FOR UPDATE SKIP LOCKED)`: PostgreSQL may run the subquery again for each
 *   row; LIMIT 1 claimed 200 of 200. A MATERIALIZED common table expression runs once.
 * - the order of keys as NOT EXISTS in here: 340 ms a poll with one blocked key of 20,000 rows. See `blocked`.
 */
export async function claim(own: OwnConnections, request: ClaimRequest): Promise<LeasedRow[]> {
  if (request.limit < 1) return [];
  const tail = sql`FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_due')}
    WHERE t.due_at <= ${own.dialect.nowMs}${except(request)}${only(request)}
    ORDER BY t.due_at, t.id LIMIT ${request.limit} FOR UPDATE SKIP LOCKED`;
  return leaseRows(own, tail, request.lease);
}

/** What an idle process costs: one entry of an index, read without a lock. */
export async function nextDueIn(own: OwnConnections, filter: TopicFilter): Promise<number | null> {
  const [row] = await own.read<{ due_in: string | number }>(sql`
    SELECT t.due_at - ${own.dialect.nowMs} AS due_in FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_due')}
    WHERE t.due_at IS NOT NULL${except(filter)} ORDER BY t.due_at LIMIT 1`);
  return row ? Number(row.due_in) : null;
}

function except({ exceptTopics }: TopicFilter): Sql {
  return exceptTopics.length === 0 ? raw('') : sql` AND t.topic NOT IN (${list(exceptTopics)})`;
}

function only({ onlyTopic }: ClaimRequest): Sql {
  return onlyTopic === undefined ? raw('') : sql` AND t.topic = ${onlyTopic}`;
}
