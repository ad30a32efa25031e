import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import type { ReplayOutcome } from '../../../core/store/admin-outcomes.js';
import type { ReplayRequest } from '../../../core/store/admin-store.js';
import { orderKeyOf } from '../../../core/store/order-key.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { dueNow } from './due-now.js';
import { replayParked, type ReplayTarget } from './replay-parked.js';
import { causesOf, forgetFailures, lockParked, resolveErrors } from './resolve-errors.js';

interface DeadRow {
  readonly status: string;
  readonly settle_group: string | null;
  readonly replay_of: string | null;
  readonly topic_alias: string;
  readonly ordering_key: string | null;
}

/**
 * Replays one dead row of the outbox, or one parked delivery, in the transaction of `run`.
 *
 * The new status row carries the old message id as `replay_of`, so that on the wire the message stays itself
 * and every group that has handled it takes it for a copy.
 */
export async function replayOne(
  own: OwnConnections,
  run: Run,
  target: ReplayTarget,
  id: string,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  const [row] = (
    await run<DeadRow>(
      sql`SELECT status, settle_group, replay_of, topic_alias, ordering_key FROM ${raw(own.tables.statusLog)}
        WHERE id = ${id} FOR UPDATE`,
    )
  ).rows;
  if (row) return row.status === 'DEAD' ? replayDead(own, run, id, row, request) : { id, outcome: 'not-replayable' };
  const [parked] = await lockParked(own, run, sql`id = ${id} AND direction = 'CONSUME'`);
  if (!parked) return { id, outcome: 'not-found' };
  return replayParked(own, run, target, parked, request);
}

/**
 * The new row takes over `seq`, and holds its key back until it is sent, also where the dead one had let go of it: so several
 * replays of one key leave in their order, and before the younger ones that still wait. It also takes over the group that it settles on, so that what this group does from now on is told of one
 * row and not of two. If its group gave it up, the message goes to that group alone.
 */
async function replayDead(
  own: OwnConnections,
  run: Run,
  id: string,
  { settle_group: settleGroup, replay_of: replayOf, topic_alias: topic, ordering_key: orderingKey }: DeadRow,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  const causes = await lockParked(own, run, causesOf(id, replayOf ?? id, settleGroup));
  if (causes.length === 0) return { id, outcome: 'not-replayable' };
  const groupId = causes.find((cause) => cause.direction === 'CONSUME')?.group_id ?? null;
  await resolveErrors(own, run, sql`direction = 'PRODUCE' AND message_id = ${id}`, request, 'replayed');
  if (groupId !== null) await forgetFailures(own, run, groupId, replayOf ?? id, request);

  const rowId = uuidV7();
  const now = own.dialect.nowMs;
  const table = raw(own.tables.statusLog);
  const { columns, values } = dueNow(own, rowId, request);
  await run(sql`
    INSERT INTO ${table} (${columns}, connection, broker, topic_alias, topic, instance_id, tag, msg_key, ordering_key, open_key, seq,
      deliver_at, settle_group, settle_within, replay_of, target_group, headers, payload,
      payload_encoding, payload_bytes, trace, correlation_id, causation_id)
    SELECT ${values}, connection, broker, topic_alias, topic, instance_id, tag, msg_key, ordering_key,
      ${orderingKey === null ? null : orderKeyOf(topic, orderingKey)}, seq, deliver_at,
      ${raw(groupId === null ? 'settle_group, settle_within' : 'NULL, NULL')}, COALESCE(replay_of, id),
      ${groupId === null ? raw('target_group') : sql`${groupId}`}, headers, payload,
      payload_encoding, payload_bytes, trace, correlation_id, causation_id
    FROM ${table} WHERE id = ${id}`);
  await run(
    sql`UPDATE ${table} SET open_key = NULL, settle_group = NULL, settle_within = NULL, updated_at = ${now} WHERE id = ${id}`,
  );
  return { id, outcome: 'replayed', rowId };
}
