import type { OutboxStatus } from '../../core/store/outbox-row.js';
import { count, flag, instant, longText, millis, text } from './columns.js';

/**
 * A row of the outbox, to look at. Everything is written by the module itself: a row changed by hand may break the
 * promise that exactly the committed messages leave.
 *
 * @example
 * const stuck = await dataSource.getRepository(MqStatusLog).findBy({ status: 'DEAD' });
 */
export class MqStatusLog {
  id: string;
  status: OutboxStatus;
  connection: string;
  /** Which broker it was published for: `identity` of the transport. */
  broker: string;
  topicAlias: string;
  topic: string;
  instanceId: string | null;
  /** With its suffix. */
  tag: string | null;
  key: string;
  orderingKey: string | null;
  /** Hash of topic and ordering key while the row holds back younger ones of its key. */
  orderKey: string | null;
  /** Decimal text: it may exceed what a double can hold. */
  seq: string;
  deliverAt: Date | null;
  settleGroup: string | null;
  settleWithinMs: number | null;
  replayOf: string | null;
  targetGroup: string | null;
  /** Waits behind an older message of its ordering key. */
  deferred: boolean;
  brokerMessageId: string | null;
  lastErrorCode: string | null;
  lastError: string | null;
  startedCount: number;
  failedCount: number;
  maxAttempts: number;
  leaseToken: string | null;
  leaseOwner: string | null;
  /** When a sweep looks at it next; `null` once finished. */
  dueAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  doneAt: Date | null;
  /** JSON object. */
  headers: string | null;
  /** JSON object: `traceparent`, `tracestate` of the request that published it. */
  trace: string | null;
  /** Of the chain that the message belongs to; `null` when it is the first of it, and of its own id. */
  correlationId: string | null;
  /** The message whose handler published it. */
  causationId: string | null;
  payload: string;
  /** `base64`: the payload is that of bytes. */
  payloadEncoding: 'base64' | null;
  /** In UTF-8. */
  payloadBytes: number;
}

export const statusLogColumns = {
  id: text('id', { length: 36, primary: true }),
  status: text('status', { length: 12 }),
  connection: text('connection', { length: 128 }),
  broker: text('broker', { length: 255 }),
  topicAlias: text('topic_alias', { length: 128 }),
  topic: text('topic', { length: 255 }),
  instanceId: text('instance_id', { length: 255, nullable: true }),
  tag: text('tag', { length: 255, nullable: true }),
  key: text('msg_key', { length: 255 }),
  orderingKey: text('ordering_key', { length: 255, nullable: true }),
  orderKey: text('open_key', { length: 32, nullable: true }),
  seq: { name: 'seq', type: 'bigint' as const, generated: 'increment' as const },
  deliverAt: instant('deliver_at', true),
  settleGroup: text('settle_group', { length: 128, nullable: true }),
  settleWithinMs: millis('settle_within'),
  replayOf: text('replay_of', { length: 255, nullable: true }),
  targetGroup: text('target_group', { length: 255, nullable: true }),
  deferred: flag('deferred'),
  brokerMessageId: text('broker_message_id', { length: 255, nullable: true }),
  lastErrorCode: text('last_error_code', { length: 64, nullable: true }),
  lastError: text('last_error', { length: 500, nullable: true }),
  startedCount: count('started_count'),
  failedCount: count('failed_count'),
  maxAttempts: count('max_attempts'),
  leaseToken: text('lease_token', { length: 64, nullable: true }),
  leaseOwner: text('lease_owner', { length: 128, nullable: true }),
  dueAt: instant('due_at', true),
  createdAt: instant('created_at'),
  updatedAt: instant('updated_at'),
  doneAt: instant('done_at', true),
  headers: longText('headers'),
  trace: longText('trace'),
  correlationId: text('correlation_id', { length: 255, nullable: true }),
  causationId: text('causation_id', { length: 255, nullable: true }),
  payload: longText('payload', false),
  payloadEncoding: text('payload_encoding', { length: 16, nullable: true }),
  payloadBytes: count('payload_bytes'),
};
