import type { InsertedRow, LeaseRequest, NewOutboxRow } from '../store/outbox-row.js';

/**
 * The row as the database has it, but for what the database alone knows. Field by field: to spread an object of so many takes
 * longer than all the rest of an announcement.
 */
export function asLeased(row: NewOutboxRow, lease: LeaseRequest): InsertedRow {
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
    payload: row.payload,
    payloadEncoding: row.payloadEncoding,
    payloadBytes: row.payloadBytes,
    headers: row.headers,
    settleGroup: row.settleGroup,
    settleWithinMs: row.settleWithinMs,
    maxAttempts: row.maxAttempts,
    replayOf: row.replayOf,
    targetGroup: row.targetGroup,
    trace: row.trace,
    correlationId: row.correlationId,
    causationId: row.causationId,
    orderKey: row.orderKey,
    seq: '0',
    deliverAt: null,
    startedCount: 1,
    failedCount: 0,
    leaseToken: lease.token,
  };
}
