import { UNFINISHED, type LeasedRow, type NewOutboxRow, type OutboxStatus } from '../../core/store/outbox-row.js';

/** A row of the outbox in memory. What the tables say with NULL, it says with `null`. */
export interface MemoryOutboxRow extends Omit<NewOutboxRow, 'deliver' | 'leased' | 'orderKey'> {
  status: OutboxStatus;
  orderKey: string | null;
  readonly seq: bigint;
  readonly deliverAt: number | null;
  readonly createdAt: number;
  dueAt: number | null;
  leaseToken: string | null;
  leaseOwner: string | null;
  deferred: boolean;
  startedCount: number;
  failedCount: number;
  brokerMessageId: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  doneAt: number | null;
}

export function isUnfinished(row: MemoryOutboxRow): boolean {
  return UNFINISHED.includes(row.status);
}

export function isDue(row: MemoryOutboxRow, now: number): boolean {
  return isUnfinished(row) && row.dueAt !== null && row.dueAt <= now;
}

export function toLeasedRow(row: MemoryOutboxRow): LeasedRow {
  return {
    id: row.id,
    connection: row.connection,
    broker: row.broker,
    topicAlias: row.topicAlias,
    topic: row.topic,
    instanceId: row.instanceId,
    tag: row.tag,
    key: row.key,
    orderingKey: row.orderingKey,
    orderKey: row.orderKey,
    seq: String(row.seq),
    deliverAt: row.deliverAt,
    settleGroup: row.settleGroup,
    settleWithinMs: row.settleWithinMs,
    replayOf: row.replayOf,
    targetGroup: row.targetGroup,
    startedCount: row.startedCount,
    failedCount: row.failedCount,
    maxAttempts: row.maxAttempts,
    headers: row.headers,
    trace: row.trace,
    correlationId: row.correlationId,
    causationId: row.causationId,
    payload: row.payload,
    payloadEncoding: row.payloadEncoding,
    payloadBytes: row.payloadBytes,
    leaseToken: row.leaseToken!,
  };
}
