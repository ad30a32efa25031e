import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import type { ReplayOutcome } from '../../../core/store/admin-outcomes.js';
import type { ReplayRequest } from '../../../core/store/admin-store.js';
import { orderKeyOf, stripeOf } from '../../../core/store/order-key.js';
import type { OutboxMessage } from '../../../core/store/outbox-row.js';
import { list, raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { dueNow } from './due-now.js';
import { forgetFailures, isUnresolved, PARKED_COLUMNS, type ParkedRow } from './resolve-errors.js';

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

interface Decidable extends ParkedRow {
  readonly message_id: string;
  readonly group_id: string;
}

export async function replayParked(
  own: OwnConnections,
  run: Run,
  target: ReplayTarget,
  parked: ParkedRow,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  const { id } = parked;
  if (!isDecidable(parked)) return { id, outcome: 'not-replayable' };
  const message = messageOf(target, parked, request.maxAttempts);
  if (typeof message === 'string') return { id, outcome: 'not-replayable', problem: message };
  const { message_id: messageId, group_id: groupId } = parked;
  await forgetFailures(own, run, groupId, messageId, request);
  const { columns, values } = dueNow(own, message.id, request);
  const place = await placeOf(own, run, message, messageId);
  await run(sql`
    INSERT INTO ${raw(own.tables.statusLog)} (${columns}, connection, broker, topic_alias, topic, instance_id, tag, msg_key,
      ordering_key, replay_of, target_group, headers, payload, payload_encoding, payload_bytes, trace,
      correlation_id, causation_id${place.columns})
    VALUES (${values}, ${message.connection}, ${message.broker}, ${message.topicAlias}, ${message.topic}, ${message.instanceId},
      ${message.tag}, ${message.key}, ${message.orderingKey}, ${messageId}, ${groupId}, ${message.headers}, ${message.payload},
      ${message.payloadEncoding}, ${message.payloadBytes}, ${message.trace},
      ${message.correlationId}, ${message.causationId}${place.values})`);
  return { id, outcome: 'replayed', rowId: message.id };
}

/** Why each of these parked deliveries could not be replayed; those that could are left out. Reads their payloads, without locks. */
export async function problemsOf(
  own: OwnConnections,
  target: ReplayTarget,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await own.read<ParkedRow>(sql`SELECT ${raw(PARKED_COLUMNS)} FROM ${raw(own.tables.errorLog)}
    WHERE id IN (${list(ids)}) AND direction = 'CONSUME'`);
  const problems = new Map<string, string>();
  for (const row of rows) {
    const message = isDecidable(row) ? messageOf(target, row, 1) : 'somebody has decided about it meanwhile';
    if (typeof message === 'string') problems.set(row.id, message);
  }
  return problems;
}

function isDecidable(row: ParkedRow): row is Decidable {
  return isUnresolved(row) && row.message_id !== null && row.group_id !== null;
}

/** The message to send, or why it cannot be sent from here. */
function messageOf(target: ReplayTarget, parked: Decidable, maxAttempts: number): OutboxMessage | string {
  const { topic_alias: alias, payload } = parked;
  if (payload === null) return 'its body was not kept';
  const topic = alias === null ? undefined : target.topic(alias);
  if (alias === null || !topic) return `no topic '${alias ?? ''}' is configured here`;
  const whole: OutboxMessage = {
    id: uuidV7(),
    connection: target.connection,
    broker: target.broker,
    topicAlias: alias,
    topic: topic.topic,
    instanceId: topic.instanceId,
    tag: parked.tag,
    key: parked.msg_key ?? parked.message_id,
    orderingKey: parked.ordering_key,
    payload,
    payloadEncoding: parked.payload_encoding,
    payloadBytes: Buffer.byteLength(payload),
    headers: parked.headers,
    settleGroup: null,
    settleWithinMs: null,
    maxAttempts,
    replayOf: parked.message_id,
    targetGroup: parked.group_id,
    trace: parked.trace,
    correlationId: parked.correlation_id,
    causationId: parked.causation_id,
  };
  // A wire that carries less may still carry the message without its trace.
  const message = target.problem(whole) === null ? whole : { ...whole, trace: null };
  return target.problem(message) ?? message;
}

/**
 * The place of a replay in its ordering key, as columns to insert: that of the message's own row while there is one, which is
 * before the younger ones that still wait; else behind all of them, and then its stripe is locked as publishers do, so that
 * two replays stand in the order of their commits.
 */
async function placeOf(
  { tables }: OwnConnections,
  run: Run,
  { topicAlias, orderingKey }: OutboxMessage,
  messageId: string,
): Promise<{ columns: Sql; values: Sql }> {
  if (orderingKey === null) return { columns: raw(''), values: raw('') };
  const orderKey = orderKeyOf(topicAlias, orderingKey);
  const [original] = (
    await run<{ seq: string | number }>(sql`SELECT seq FROM ${raw(tables.statusLog)} WHERE id = ${messageId}`)
  ).rows;
  if (original) return { columns: raw(', open_key, seq'), values: sql`, ${orderKey}, ${String(original.seq)}` };
  await run(sql`SELECT id FROM ${raw(tables.orderStripe)} WHERE id = ${stripeOf(orderKey)} FOR UPDATE`);
  return { columns: raw(', open_key'), values: sql`, ${orderKey}` };
}
