import type { ErrorEvidence, RowEvidence } from '../../core/store/evidence-store.js';
import type { OutboxStatus } from '../../core/store/outbox-row.js';
import { toNumber } from '../store/leased-row.js';

/** What is read of a row of the outbox. Never the payload, nor headers. */
export const ROW_COLUMNS = `t.id, t.status, t.connection, t.broker, t.topic_alias, t.topic, t.tag, t.msg_key, t.ordering_key,
  t.open_key, t.seq, t.deliver_at, t.settle_group, t.replay_of, t.target_group, t.deferred, t.broker_message_id,
  t.last_error_code, t.last_error, t.started_count, t.failed_count, t.max_attempts, t.lease_owner, t.due_at, t.created_at,
  t.updated_at, t.done_at, t.trace, t.correlation_id, t.causation_id`;

export interface StatusRow {
  readonly id: string;
  readonly status: OutboxStatus;
  readonly connection: string;
  readonly broker: string;
  readonly topic_alias: string;
  readonly topic: string;
  readonly tag: string | null;
  readonly msg_key: string;
  readonly ordering_key: string | null;
  readonly open_key: string | null;
  readonly seq: string | number;
  readonly deliver_at: string | null;
  readonly settle_group: string | null;
  readonly replay_of: string | null;
  readonly target_group: string | null;
  readonly deferred: boolean | number;
  readonly broker_message_id: string | null;
  readonly last_error_code: string | null;
  readonly last_error: string | null;
  readonly started_count: number;
  readonly failed_count: number;
  readonly max_attempts: number;
  readonly lease_owner: string | null;
  readonly due_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly done_at: string | null;
  readonly trace: string | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
}

export function messageIdOf({ id, replay_of: replayOf }: StatusRow): string {
  return replayOf ?? id;
}

export function toRowEvidence(row: StatusRow): RowEvidence {
  return {
    id: row.id,
    status: row.status,
    connection: row.connection,
    broker: row.broker,
    topicAlias: row.topic_alias,
    topic: row.topic,
    tag: row.tag,
    key: row.msg_key,
    orderingKey: row.ordering_key,
    holdsKey: row.open_key !== null,
    deliverAt: toNumber(row.deliver_at),
    settleGroup: row.settle_group,
    replayOf: row.replay_of,
    targetGroup: row.target_group,
    deferred: Boolean(row.deferred),
    brokerMessageId: row.broker_message_id,
    errorCode: row.last_error_code,
    error: row.last_error,
    startedCount: Number(row.started_count),
    failedCount: Number(row.failed_count),
    maxAttempts: Number(row.max_attempts),
    leaseOwner: row.lease_owner,
    dueAt: toNumber(row.due_at),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    doneAt: toNumber(row.done_at),
    traceparent: traceparentOf(row.trace),
    correlationId: row.correlation_id,
    causationId: row.causation_id,
  };
}

/** The column is JSON of ours; a row that somebody changed by hand must not end the answer. */
function traceparentOf(trace: string | null): string | null {
  if (trace === null) return null;
  try {
    const { traceparent } = JSON.parse(trace) as { traceparent?: unknown };
    return typeof traceparent === 'string' ? traceparent : null;
  } catch {
    return null;
  }
}

export const ERROR_COLUMNS = `e.id, e.direction, e.message_id, e.topic_alias, e.tag, e.msg_key, e.group_alias, e.group_id, e.attempt,
  e.parked, e.error_class, e.error_code, e.message, e.instance, e.created_at, e.resolution, e.resolved_by, e.resolved_at, e.decision,
  e.correlation_id, e.causation_id`;

export interface ErrorRow {
  readonly id: string;
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly message_id: string;
  readonly topic_alias: string | null;
  readonly tag: string | null;
  readonly msg_key: string | null;
  readonly group_alias: string | null;
  readonly group_id: string | null;
  readonly attempt: number;
  readonly parked: boolean | number;
  readonly error_class: string;
  readonly error_code: string;
  readonly message: string;
  readonly instance: string;
  readonly created_at: string;
  readonly resolution: string | null;
  readonly resolved_by: string | null;
  readonly resolved_at: string | null;
  readonly decision: 'replayed' | 'discarded' | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
}

export function toErrorEvidence(row: ErrorRow): ErrorEvidence {
  return {
    id: row.id,
    of: row.message_id,
    direction: row.direction,
    topicAlias: row.topic_alias,
    tag: row.tag,
    key: row.msg_key,
    group: row.group_alias,
    groupId: row.group_id,
    attempt: Number(row.attempt),
    parked: Boolean(row.parked),
    errorClass: row.error_class,
    code: row.error_code,
    message: row.message,
    instance: row.instance,
    at: Number(row.created_at),
    resolution: row.resolution,
    resolvedBy: row.resolved_by,
    resolvedAt: toNumber(row.resolved_at),
    decision: row.decision,
    correlationId: row.correlation_id,
    causationId: row.causation_id,
  };
}
