import type { ErrorEntry } from '../../../core/store/error-entry.js';
import type { LeaseRef } from '../../../core/store/outbox-row.js';
import type { Reschedule } from '../../../core/store/outbox-store.js';
import type { RelationColumn } from '../../databases/dialect.js';
import { list, raw, sql, type Sql } from '../../sql/sql.js';
import { chunks, IDS_AT_ONCE } from '../../sql/chunks.js';
import { fitColumn } from '../../sql/fit-column.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { LEASE_REF } from './lease-refs.js';
import { insertErrors } from './insert-errors.js';

const CHANGE: readonly RelationColumn[] = [
  ...LEASE_REF,
  { name: 'delay', type: 'number' },
  { name: 'failed', type: 'number' },
  { name: 'code', type: 'text' },
  { name: 'reason', type: 'text' },
];

/**
 * A message that may have left stays one, whatever became of later attempts: whoever cancels it is told. The reason stays with
 * its code. Written so that it does not matter which of the two columns is set first: MySQL reads what it has just written.
 */
const MAY_HAVE_LEFT = raw(`t.last_error_code = 'MQ_OUTCOME_UNKNOWN' AND v.code <> 'MQ_OUTCOME_UNKNOWN'`);

/**
 * Back to `PENDING`. Which of the rows were still ours is read under their locks first: afterwards a row that we gave
 * back and one that somebody else did look the same.
 */
export async function reschedule(own: OwnConnections, changes: readonly Reschedule[]): Promise<boolean[]> {
  const result: boolean[] = [];
  for (const batch of chunks(changes, IDS_AT_ONCE)) {
    const ours = await own.transaction(async (run) => {
      const held = await lockLeased(own, run, batch);
      if (held.length > 0) await run(own.dialect.updateJoined(backToPending(own, held)));
      return new Set(held);
    });
    result.push(...batch.map((change) => ours.has(change)));
  }
  return result;
}

function backToPending(
  own: OwnConnections,
  changes: readonly Reschedule[],
): Parameters<OwnConnections['dialect']['updateJoined']>[0] {
  const now = own.dialect.nowMs;
  const rows = changes.map(({ id, token, delayMs, counted, error }) => [
    id,
    token,
    Math.max(0, Math.round(delayMs)),
    counted ? 1 : 0,
    error && fitColumn(error.code, 64),
    error && fitColumn(error.message, 500),
  ]);
  return {
    table: raw(own.tables.statusLog),
    relation: own.dialect.relation('v', CHANGE, rows),
    on: raw('t.id = v.row_id AND t.lease_token = v.token'),
    set: sql`status = 'PENDING', lease_token = NULL, lease_owner = NULL, due_at = ${now} + v.delay,
      failed_count = t.failed_count + v.failed, started_count = t.started_count - 1 + v.failed,
      last_error_code = CASE WHEN ${MAY_HAVE_LEFT} THEN t.last_error_code ELSE COALESCE(v.code, t.last_error_code) END,
      last_error = CASE WHEN ${MAY_HAVE_LEFT} THEN t.last_error ELSE COALESCE(v.reason, t.last_error) END, updated_at = ${now}`,
  };
}

/** In the order of their ids, so that two of these never wait for each other. */
async function lockLeased<Ref extends LeaseRef>(own: OwnConnections, run: Run, refs: readonly Ref[]): Promise<Ref[]> {
  const { rows } = await run<{ id: string; lease_token: string | null }>(sql`
    SELECT t.id, t.lease_token FROM ${raw(own.tables.statusLog)} AS t WHERE t.id IN (${list(refs.map((ref) => ref.id))})
    ORDER BY t.id FOR UPDATE`);
  const tokens = new Map(rows.map((row) => [row.id, row.lease_token]));
  return refs.filter((ref) => tokens.get(ref.id) === ref.token);
}

/** `DEAD` and the error row that says why, or neither. A row that keeps its `open_key` holds back the younger ones of its key. */
export function park(
  own: OwnConnections,
  ref: LeaseRef,
  error: ErrorEntry,
  options: { freeKey: boolean },
): Promise<boolean> {
  const now = own.dialect.nowMs;
  const orderKey: Sql = options.freeKey ? raw(', open_key = NULL') : raw('');
  return own.transaction(async (run) => {
    const { affected } = await run(sql`
      UPDATE ${raw(own.tables.statusLog)} SET status = 'DEAD', due_at = NULL, lease_token = NULL, lease_owner = NULL,
        failed_count = ${error.attempt}, last_error_code = ${fitColumn(error.errorCode, 64)}, last_error = ${fitColumn(error.message, 500)},
        done_at = ${now}, updated_at = ${now}${orderKey}
      WHERE id = ${ref.id} AND lease_token = ${ref.token}`);
    if (affected === 0) return false;
    await run(insertErrors(own.dialect, own.tables, [error]));
    return true;
  });
}

/**
 * Takes back attempts that failed because of the broker. Also of a row that is on its way again by now: whoever holds it
 * adds to these counts and does not set them.
 */
export async function refund(own: OwnConnections, ids: readonly string[]): Promise<void> {
  for (const batch of chunks(ids, IDS_AT_ONCE)) {
    await own.write(sql`UPDATE ${raw(own.tables.statusLog)} SET started_count = started_count - 1,
      failed_count = failed_count - 1, updated_at = ${own.dialect.nowMs}
      WHERE id IN (${list(batch)}) AND status IN ('PENDING', 'SENDING') AND failed_count > 0 AND started_count > 0`);
  }
}
