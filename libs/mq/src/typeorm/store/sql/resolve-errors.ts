import type { OperatorRequest } from '../../../core/store/admin-store.js';
import { raw, sql, type Sql } from '../../dialects/sql.js';
import { fit } from '../fit.js';
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
  readonly resolved_at: string | null;
  readonly ordering_key: string | null;
  readonly headers: string | null;
  readonly payload: string | null;
  readonly payload_encoding: 'base64' | null;
}

/** The unresolved error row is what two operators compete for: read under its lock, so who comes second finds it resolved. */
export async function lockParked(own: OwnConnections, run: Run, which: Sql): Promise<ParkedRow[]> {
  const { rows } = await run<ParkedRow>(sql`
    SELECT id, direction, message_id, topic_alias, tag, msg_key, group_id, parked, resolved_at, ordering_key, headers, payload,
      payload_encoding
    FROM ${raw(own.tables.errorLog)} WHERE ${which} FOR UPDATE`);
  return rows;
}

/** Whether a parked delivery still waits for somebody's decision. */
export function isOpen(row: ParkedRow): boolean {
  return Boolean(row.parked) && row.resolved_at === null;
}

/**
 * Picks the unresolved error rows that dead row `id` was parked with: by the relay, which knows rows, or by the group that
 * its topic settles on, which knows the message.
 */
export function causesOf(id: string, messageId: string, settleGroup: string | null): Sql {
  return sql`message_id IN (${id}, ${messageId}) AND parked AND resolved_at IS NULL AND
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
): Promise<void> {
  const now = own.dialect.nowMs;
  await run(sql`UPDATE ${raw(own.tables.errorLog)} SET resolution = ${fit(reason, 2_000)},
      resolved_by = ${fit(owner, 128)}, resolved_at = ${now}, retain_from = ${now}
    WHERE ${which} AND resolved_at IS NULL`);
}
