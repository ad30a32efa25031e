import type { RescheduleOutcome } from '../../../core/store/admin-outcomes.js';
import type { When } from '../../../core/store/admin-store.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';

/**
 * Gives one row that waits another time to leave, in the transaction of `run`. It then leaves from the outbox, so that until then it can be rescheduled
 * again or cancelled: a delayed one is not handed to the broker before.
 *
 * `seq` stays: behind an older row of its key it goes at that time or when its turn comes, whichever is later, and the younger
 * ones wait behind it. So it sleeps no more (`deferred`), or `promote` would wake it before its time.
 */
export async function rescheduleWaiting(
  own: OwnConnections,
  run: Run,
  id: string,
  when: When,
): Promise<RescheduleOutcome> {
  const { nowMs } = own.dialect;
  const table = raw(own.tables.statusLog);
  const dueAt =
    'at' in when ? sql`GREATEST(${nowMs}, ${Math.round(when.at)})` : sql`${nowMs} + ${Math.round(when.inMs)}`;
  const [row] = (await run<{ status: string }>(sql`SELECT status FROM ${table} WHERE id = ${id} FOR UPDATE`)).rows;
  if (!row) return { id, outcome: 'not-found' };
  if (row.status !== 'PENDING') return { id, outcome: 'not-reschedulable' };
  await run(sql`UPDATE ${table} SET due_at = ${dueAt}, deliver_at = CASE WHEN deliver_at IS NULL THEN NULL ELSE ${dueAt} END,
      deferred = false, updated_at = ${nowMs} WHERE id = ${id}`);
  const [now] = (await run<{ due_at: string | number }>(sql`SELECT due_at FROM ${table} WHERE id = ${id}`)).rows;
  return { id, outcome: 'rescheduled', dueAt: new Date(Number(now!.due_at)) };
}
