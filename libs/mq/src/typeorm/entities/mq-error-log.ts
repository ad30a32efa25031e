import { count, flag, instant, longText, text } from './columns.js';

/**
 * One failed attempt, one parked message, or one outage of a broker. A row that documents parking carries the payload
 * and stays until somebody resolves it, because it may be the only copy.
 */
export class MqErrorLog {
  id: string;
  direction: 'PRODUCE' | 'CONSUME';
  messageId: string | null;
  topicAlias: string | null;
  tag: string | null;
  key: string | null;
  /** Alias of the consumer group, for deliveries. */
  group: string | null;
  groupId: string | null;
  attempt: number;
  parked: boolean;
  errorClass: string;
  errorCode: string;
  message: string;
  stack: string | null;
  payload: string | null;
  /** `null`: the payload is text. `base64`: it is the bytes of a body that is none. */
  payloadEncoding: 'base64' | null;
  headers: string | null;
  /** JSON object: `traceparent`, `tracestate` that the parked message came with. */
  trace: string | null;
  /** Of the chain that the message belongs to; `null` when it is the first of it, and of its own id. */
  correlationId: string | null;
  /** The message whose handler published it. */
  causationId: string | null;
  orderingKey: string | null;
  brokerMessageId: string | null;
  /** By the broker's clock. */
  publishedAt: Date | null;
  instance: string;
  createdAt: Date;
  /** The reason that somebody gave for replaying the message. */
  resolution: string | null;
  resolvedBy: string | null;
  resolvedAt: Date | null;
  /** What was decided. `null` also where an older version did so. */
  decision: 'replayed' | 'discarded' | null;
  /** What its retention counts from; `null` while a parked message is unresolved, so that it is never pruned. */
  retainFrom: Date | null;
}

export const errorLogColumns = {
  id: text('id', { length: 36, primary: true }),
  direction: text('direction', { length: 8 }),
  messageId: text('message_id', { length: 255, nullable: true }),
  topicAlias: text('topic_alias', { length: 128, nullable: true }),
  tag: text('tag', { length: 255, nullable: true }),
  key: text('msg_key', { length: 255, nullable: true }),
  group: text('group_alias', { length: 128, nullable: true }),
  groupId: text('group_id', { length: 255, nullable: true }),
  attempt: count('attempt'),
  parked: flag('parked'),
  errorClass: text('error_class', { length: 128 }),
  errorCode: text('error_code', { length: 64 }),
  message: longText('message', false),
  stack: longText('stack'),
  payload: longText('payload'),
  payloadEncoding: text('payload_encoding', { length: 16, nullable: true }),
  headers: longText('headers'),
  trace: longText('trace'),
  correlationId: text('correlation_id', { length: 255, nullable: true }),
  causationId: text('causation_id', { length: 255, nullable: true }),
  orderingKey: text('ordering_key', { length: 255, nullable: true }),
  brokerMessageId: text('broker_message_id', { length: 255, nullable: true }),
  publishedAt: instant('published_at', true),
  instance: text('instance', { length: 128 }),
  createdAt: instant('created_at'),
  resolution: longText('resolution'),
  resolvedBy: text('resolved_by', { length: 128, nullable: true }),
  resolvedAt: instant('resolved_at', true),
  decision: text('decision', { length: 16, nullable: true }),
  retainFrom: instant('retain_from', true),
};
