import type { CancelOutcome } from '../../../core/store/admin-outcomes.js';
import type { OperatorRequest } from '../../../core/store/admin-store.js';
import { raw, sql } from '../../sql/sql.js';
import { fitColumn } from '../../sql/fit-column.js';
import type { OwnConnections, Run } from '../own-connections.js';

interface Row {
  readonly status: string;
  readonly open_key: string | null;
  readonly started_count: number;
  readonly last_error_code: string | null;
  /** 1 if its lease, if it has one, is over, else 0. MySQL compares to a bigint, which comes as a text: '0' is true. */
  readonly expired: number | string;
}

interface Cancelled {
  readonly outcome: CancelOutcome;
  /** The ordering key that no longer waits. */
  readonly orderKey: string | null;
}

/**
 * Cancels one row that has not left, in the transaction of `run`.
 *
 * A leased row may be on the wire, so it is left alone while its lease lasts. Of one whose lease is over, and of one with
 * attempts that were never taken back, nobody can tell whether the broker has it: cancelled all the same, and said.
 * Clearing the token fences off a sender that comes back late.
 */
export async function cancelOne(
  own: OwnConnections,
  run: Run,
  id: string,
  { reason }: OperatorRequest,
): Promise<Cancelled> {
  const { nowMs } = own.dialect;
  const [row] = (
    await run<Row>(sql`SELECT status, open_key, started_count, last_error_code, CASE WHEN due_at <= ${nowMs} THEN 1 ELSE 0 END AS expired
      FROM ${raw(own.tables.statusLog)} WHERE id = ${id} FOR UPDATE`)
  ).rows;
  if (!row) return { outcome: { id, outcome: 'not-found' }, orderKey: null };
  const waits = row.status === 'PENDING' || (row.status === 'SENDING' && Number(row.expired) === 1);
  if (!waits) return { outcome: { id, outcome: 'not-cancellable' }, orderKey: null };
  await run(sql`UPDATE ${raw(own.tables.statusLog)} SET status = 'CANCELLED', lease_token = NULL, lease_owner = NULL,
      due_at = NULL, open_key = NULL, deferred = false, last_error = ${fitColumn(reason, 500)}, done_at = ${nowMs}, updated_at = ${nowMs}
    WHERE id = ${id}`);
  const mayHaveLeft = Number(row.started_count) > 0 || row.last_error_code === 'MQ_OUTCOME_UNKNOWN';
  return { outcome: { id, outcome: 'cancelled', mayHaveLeft }, orderKey: row.open_key };
}
