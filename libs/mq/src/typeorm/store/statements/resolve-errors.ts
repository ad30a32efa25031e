import type { OperatorRequest } from '../../../core/store/admin-store.js';
import { raw, sql, type Sql } from '../../sql/sql.js';
import { fitColumn } from '../../sql/fit-column.js';
import type { OwnConnections, Run } from '../own-connections.js';

/** What somebody who decides about parked messages reads of an error row. */
export interface ParkedRow {
  readonly id: string;
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly message_id: string | null;
  readonly topic_alias: string | null;
  readonly tag: string | null;
  readonly msg_key: string | null;
  readonly group_id: string | null;
  readonly parked: boolean | number;
  readonly retain_from: string | null;
  readonly ordering_key: string | null;
  readonly headers: string | null;
  readonly trace: string | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly payload: string | null;
  readonly payload_encoding: 'base64' | null;
}

export const PARKED_COLUMNS = `id, direction, message_id, topic_alias, tag, msg_key, group_id, parked, retain_from, ordering_key, headers,
  trace, correlation_id, causation_id, payload, payload_encoding`;

/** The unresolved error row is what two operators compete for: read under its lock, so who comes second finds it resolved. */
export async function lockParked(own: OwnConnections, run: Run, which: Sql): Promise<ParkedRow[]> {
  const { rows } = await run<ParkedRow>(sql`
    SELECT ${raw(PARKED_COLUMNS)}
    FROM ${raw(own.tables.errorLog)} WHERE ${which} FOR UPDATE`);
  return rows;
}

/** Whether a parked delivery still waits for somebody's decision. */
export function isUnresolved(row: ParkedRow): boolean {
  return Boolean(row.parked) && row.retain_from === null;
}

/**
 * Picks the unresolved error rows that dead row `id` was parked with: by the relay, which knows rows, or by the group that
 * its topic settles on, which knows the message.
 */
export function causesOf(id: string, messageId: string, settleGroup: string | null): Sql {
  return sql`message_id IN (${id}, ${messageId}) AND parked AND retain_from IS NULL AND
    ((direction = 'PRODUCE' AND message_id = ${id}) OR (direction = 'CONSUME' AND message_id = ${messageId} AND group_alias = ${settleGroup}))`;
}

/** Picks the error rows of a message that a group has recorded. */
export function failuresOf(groupId: string, messageId: string): Sql {
  return sql`direction = 'CONSUME' AND message_id = ${messageId} AND group_id = ${groupId}`;
}

/** Notes the decision on error rows. From then on their retention counts. */
export async function resolveErrors(
  own: OwnConnections,
  run: Run,
  which: Sql,
  { reason, owner }: OperatorRequest,
  decision: 'replayed' | 'discarded',
): Promise<void> {
  const now = own.dialect.nowMs;
  await run(sql`UPDATE ${raw(own.tables.errorLog)} SET resolution = ${fitColumn(reason, 2_000)},
      resolved_by = ${fitColumn(owner, 128)}, resolved_at = ${now}, decision = ${decision}, retain_from = ${now}
    WHERE ${which} AND (resolved_at IS NULL OR retain_from IS NULL)`);
}

/** Lets the group handle the message again: its failures are resolved, and its inbox row is deleted. */
export async function forgetFailures(
  own: OwnConnections,
  run: Run,
  groupId: string,
  messageId: string,
  request: OperatorRequest,
): Promise<void> {
  await resolveErrors(own, run, failuresOf(groupId, messageId), request, 'replayed');
  await run(sql`DELETE FROM ${raw(own.tables.inbox)}
    WHERE group_id = ${groupId} AND message_id = ${messageId} AND state = 'PARKED'`);
}
