import type { InsertedRow, LeaseRequest, NewOutboxRow } from '../store/outbox-row.js';

/** Whether {@link asLeased} knows all of it: the database draws the place of an ordered row, and counts a delay from its own time. */
export function isKnown({ orderKey, deliver }: NewOutboxRow): boolean {
  return orderKey === null && (deliver === null || 'at' in deliver);
}

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
    deliverAt: row.deliver !== null && 'at' in row.deliver ? Math.round(row.deliver.at) : null,
    startedCount: 1,
    failedCount: 0,
    leaseToken: lease.token,
  };
}
