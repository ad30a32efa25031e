import type { LeaseRequest, LeasedRow } from '../../../core/store/outbox-row.js';
import { list, raw, sql, type Sql } from '../../sql/sql.js';
import { LEASED_COLUMNS, toLeasedRow, type LeasedColumns } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';

const COLUMNS = LEASED_COLUMNS.map((column) => `t.${column}`).join(', ');

/** The error of a row whose group did not settle it in time: the broker had the message, and its outcome is unknown. */
const SILENCE = `its group did not handle it in time`;

/**
 * Leases those of the rows `ids` that `still` holds for (a condition on the outbox, `t`) and that nobody else is about to
 * lease. Answers them in the order of `ids`.
 */
export async function leaseRows(
  own: OwnConnections,
  ids: readonly string[],
  still: Sql,
  lease: LeaseRequest,
): Promise<LeasedRow[]> {
  if (ids.length === 0) return [];
  const free = sql`FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.usePrimaryKey}
    WHERE t.id IN (${list(ids)}) AND ${still} FOR UPDATE SKIP LOCKED`;
  const rows = await (own.dialect.updateReturning ? leaseAtOnce(own, free, lease) : leaseInTwoSteps(own, free, lease));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

async function leaseAtOnce(own: OwnConnections, free: Sql, lease: LeaseRequest): Promise<LeasedRow[]> {
  const { rows } = await own.write<LeasedColumns>(sql`
    WITH picked AS MATERIALIZED (SELECT t.id AS picked_id ${free})
    UPDATE ${raw(own.tables.statusLog)} AS t SET ${assignments(own.dialect.nowMs, lease)}
    FROM picked WHERE t.id = picked.picked_id
    RETURNING ${raw(COLUMNS)}`);
  return rows.map((row) => toLeasedRow(row, lease.token));
}

/** The rows are read, with everything, under their locks; so what the UPDATE makes of them is known without reading again. */
function leaseInTwoSteps(own: OwnConnections, free: Sql, lease: LeaseRequest): Promise<LeasedRow[]> {
  return own.transaction(async (run) => {
    const { rows } = await run<LeasedColumns & { readonly status: string }>(
      sql`SELECT ${raw(COLUMNS)}, t.status ${free}`,
    );
    if (rows.length === 0) return [];
    await run(sql`UPDATE ${raw(own.tables.statusLog)} AS t SET ${assignments(own.dialect.nowMs, lease)}
      WHERE t.id IN (${list(rows.map((row) => row.id))})`);
    return rows.map((row) => {
      const before = toLeasedRow(row, lease.token);
      const silent = row.status === 'ACCEPTED' ? 1 : 0;
      return { ...before, startedCount: before.startedCount + 1, failedCount: before.failedCount + silent };
    });
  });
}

/** What depends on the old status comes before the new one: MySQL assigns from left to right and reads what it assigned. */
function assignments(now: Sql, lease: LeaseRequest): Sql {
  return sql`failed_count = CASE WHEN t.status = 'ACCEPTED' THEN t.failed_count + 1 ELSE t.failed_count END,
    last_error_code = CASE WHEN t.status = 'ACCEPTED' THEN 'MQ_OUTCOME_UNKNOWN' ELSE t.last_error_code END,
    last_error = CASE WHEN t.status = 'ACCEPTED' THEN ${SILENCE} ELSE t.last_error END,
    status = 'SENDING', lease_token = ${lease.token}, lease_owner = ${lease.owner}, due_at = ${now} + ${Math.round(lease.ms)},
    started_count = t.started_count + 1, deferred = false, updated_at = ${now}`;
}
