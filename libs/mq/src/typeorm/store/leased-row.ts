import type { LeasedRow } from '../../core/store/outbox-row.js';

/** The columns that a lease reads; {@link toLeasedRow} maps them. */
export const LEASED_COLUMNS = [
  'id',
  'connection',
  'broker',
  'topic_alias',
  'topic',
  'instance_id',
  'tag',
  'msg_key',
  'ordering_key',
  'open_key',
  'seq',
  'deliver_at',
  'settle_group',
  'settle_within',
  'replay_of',
  'target_group',
  'started_count',
  'failed_count',
  'max_attempts',
  'headers',
  'trace',
  'correlation_id',
  'causation_id',
  'payload',
  'payload_encoding',
  'payload_bytes',
] as const;

export type LeasedColumns = { readonly [C in (typeof LEASED_COLUMNS)[number]]: string | number | null };

export function toLeasedRow(row: LeasedColumns, leaseToken: string): LeasedRow {
  return {
    id: row.id as string,
    connection: row.connection as string,
    broker: row.broker as string,
    topicAlias: row.topic_alias as string,
    topic: row.topic as string,
    instanceId: row.instance_id as string | null,
    tag: row.tag as string | null,
    key: row.msg_key as string,
    orderingKey: row.ordering_key as string | null,
    orderKey: row.open_key as string | null,
    seq: String(row.seq),
    deliverAt: toNumber(row.deliver_at),
    settleGroup: row.settle_group as string | null,
    settleWithinMs: toNumber(row.settle_within),
    replayOf: row.replay_of as string | null,
    targetGroup: row.target_group as string | null,
    startedCount: Number(row.started_count),
    failedCount: Number(row.failed_count),
    maxAttempts: Number(row.max_attempts),
    headers: row.headers as string | null,
    trace: row.trace as string | null,
    correlationId: row.correlation_id as string | null,
    causationId: row.causation_id as string | null,
    payload: row.payload as string,
    payloadEncoding: row.payload_encoding as 'base64' | null,
    payloadBytes: Number(row.payload_bytes),
    leaseToken,
  };
}

/** Drivers hand out BIGINT as text, or as a number while it fits. */
export function toNumber(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
