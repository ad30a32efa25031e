import type { ReplayOutcome, ReplayRequest } from '../../../core/store/admin-store.js';
import type { OutboxMessage } from '../../../core/store/outbox-row.js';
import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import { raw, sql, type Sql } from '../../dialects/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { causesOf, failuresOf, isOpen, lockParked, type ParkedRow, resolveErrors } from './resolve-errors.js';

/** What a parked delivery needs to be sent again and does not carry itself. */
export interface ReplayTarget {
  /** The connection whose relay is to send it. */
  readonly connection: string;
  /** Its transport's `identity`. */
  readonly broker: string;
  /** The topic behind an alias; `undefined` when this configuration has none of that name. */
  topic(alias: string): { readonly topic: string; readonly instanceId: string | null } | undefined;
  /** Why this message could not be sent, `null` when it can: the wire may carry less than the one that it came by. */
  problem(message: OutboxMessage): string | null;
}

interface DeadRow {
  readonly status: string;
  readonly settle_group: string | null;
  readonly replay_of: string | null;
}

/**
 * Replays one dead row of the outbox, or one parked delivery, in one transaction.
 *
 * The new status row carries the old message id as `replay_of`, so that on the wire the message stays itself
 * and every group that has handled it takes it for a copy.
 */
export function replayOne(
  own: OwnConnections,
  target: ReplayTarget,
  id: string,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  return own.transaction(async (run): Promise<ReplayOutcome> => {
    const [row] = (
      await run<DeadRow>(
        sql`SELECT status, settle_group, replay_of FROM ${raw(own.tables.statusLog)} WHERE id = ${id} FOR UPDATE`,
      )
    ).rows;
    if (row) return row.status === 'DEAD' ? replayDead(own, run, id, row, request) : { id, outcome: 'not-replayable' };
    const [parked] = await lockParked(own, run, sql`id = ${id} AND direction = 'CONSUME'`);
    if (!parked) return { id, outcome: 'not-found' };
    return replayParked(own, run, target, parked, request);
  });
}

/**
 * The new row takes over `open_key` and `seq`: a dead head holds its key back so that it can still be sent before the
 * younger ones. It also takes over the group that it settles on, so that what this group does from now on is told of one
 * row and not of two. If its group gave it up, the message goes to that group alone.
 */
async function replayDead(
  own: OwnConnections,
  run: Run,
  id: string,
  { settle_group: settleGroup, replay_of: replayOf }: DeadRow,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  const causes = await lockParked(own, run, causesOf(id, replayOf ?? id, settleGroup));
  if (causes.length === 0) return { id, outcome: 'not-replayable' };
  const groupId = causes.find((cause) => cause.direction === 'CONSUME')?.group_id ?? null;
  await resolveErrors(own, run, sql`direction = 'PRODUCE' AND message_id = ${id}`, request);
  if (groupId !== null) await reopen(own, run, groupId, replayOf ?? id, request);

  const rowId = uuidV7();
  const now = own.dialect.nowMs;
  const table = raw(own.tables.statusLog);
  const { columns, values } = dueNow(own, rowId, request);
  await run(sql`
    INSERT INTO ${table} (${columns}, connection, broker, topic_alias, topic, instance_id, tag, msg_key, ordering_key, open_key, seq,
      deliver_at, settle_group, settle_within, replay_of, target_group, headers, payload,
      payload_encoding, payload_bytes)
    SELECT ${values}, connection, broker, topic_alias, topic, instance_id, tag, msg_key, ordering_key, open_key, seq, deliver_at,
      ${raw(groupId === null ? 'settle_group, settle_within' : 'NULL, NULL')}, COALESCE(replay_of, id),
      ${groupId === null ? raw('target_group') : sql`${groupId}`}, headers, payload,
      payload_encoding, payload_bytes
    FROM ${table} WHERE id = ${id}`);
  await run(
    sql`UPDATE ${table} SET open_key = NULL, settle_group = NULL, settle_within = NULL, updated_at = ${now} WHERE id = ${id}`,
  );
  return { id, outcome: 'replayed', rowId };
}

async function replayParked(
  own: OwnConnections,
  run: Run,
  target: ReplayTarget,
  parked: ParkedRow,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  const { id, message_id: messageId, group_id: groupId } = parked;
  const topic = parked.topic_alias === null ? undefined : target.topic(parked.topic_alias);
  if (!isOpen(parked) || messageId === null || groupId === null || parked.payload === null || !topic) {
    return { id, outcome: 'not-replayable' };
  }
  const rowId = uuidV7();
  const message: OutboxMessage = {
    id: rowId,
    connection: target.connection,
    broker: target.broker,
    topicAlias: parked.topic_alias!,
    topic: topic.topic,
    instanceId: topic.instanceId,
    tag: parked.tag,
    key: parked.msg_key ?? messageId,
    orderingKey: parked.ordering_key,
    payload: parked.payload,
    payloadEncoding: parked.payload_encoding,
    payloadBytes: Buffer.byteLength(parked.payload),
    headers: parked.headers,
    settleGroup: null,
    settleWithinMs: null,
    maxAttempts: request.maxAttempts,
    replayOf: messageId,
    targetGroup: groupId,
  };
  const problem = target.problem(message);
  if (problem !== null) return { id, outcome: 'not-replayable', problem };
  await reopen(own, run, groupId, messageId, request);
  const { columns, values } = dueNow(own, rowId, request);
  await run(sql`
    INSERT INTO ${raw(own.tables.statusLog)} (${columns}, connection, broker, topic_alias, topic, instance_id, tag, msg_key,
      ordering_key, replay_of, target_group, headers, payload, payload_encoding, payload_bytes)
    VALUES (${values}, ${message.connection}, ${message.broker}, ${message.topicAlias}, ${message.topic}, ${message.instanceId},
      ${message.tag}, ${message.key}, ${message.orderingKey}, ${messageId}, ${groupId}, ${message.headers}, ${message.payload},
      ${message.payloadEncoding}, ${message.payloadBytes})`);
  return { id, outcome: 'replayed', rowId };
}

/** The group may handle the message again: no failure counts against it, and its inbox has forgotten it. */
async function reopen(
  own: OwnConnections,
  run: Run,
  groupId: string,
  messageId: string,
  request: ReplayRequest,
): Promise<void> {
  await resolveErrors(own, run, failuresOf(groupId, messageId), request);
  await run(sql`DELETE FROM ${raw(own.tables.inbox)}
    WHERE group_id = ${groupId} AND message_id = ${messageId} AND state = 'PARKED'`);
}

/** The columns of a new row that anybody may claim at once. */
function dueNow(
  { dialect: { nowMs } }: OwnConnections,
  rowId: string,
  request: ReplayRequest,
): { columns: Sql; values: Sql } {
  return {
    columns: raw('id, status, max_attempts, due_at, created_at, updated_at'),
    values: sql`${rowId}, 'PENDING', ${request.maxAttempts}, ${nowMs}, ${nowMs}, ${nowMs}`,
  };
}
