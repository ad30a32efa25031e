import type { ResolvedOptions, ResolvedTopic } from '../config/resolved-options.js';
import type { NewMessage } from '../message/new-message.js';
import type { TopicSchemas } from '../message/topic.js';
import { toOutbound } from '../store/to-outbound.js';
import { orderKeyOf } from '../store/order-key.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { Violation } from '../transport/transport.js';
import { type Cause, correlationIdOf } from './correlation.js';
import { encodePayload } from './encode-payload.js';
import { MessageProblems } from './message-problems.js';
import { checkFields, deliveryTime, encodeHeaders, keyOf, orderingKeyOf, tagOf } from './message-fields.js';

/** Stays clear of the broker's own limit: its clock and the database's are not the same. */
const HORIZON_MARGIN = 0.98;

/** What is published, where, and how the caller did it. */
export interface PublishRequest {
  readonly topic: ResolvedTopic;
  readonly message: NewMessage;
  /** Of a topic that brings some. */
  readonly schemas: TopicSchemas | null;
  /** Of the message whose handler is publishing; `null` outside of handlers. */
  readonly cause: Cause | null;
  /** For error messages, e.g. `publish('orders')`. */
  readonly call: string;
}

/**
 * Checks one message against its topic and everything that the wire cannot carry, and makes its row. Inside the
 * caller's transaction, so that what could never be sent is refused while somebody can still react. What is wrong is replaced by
 * what is not, to find the rest of it.
 */
export function buildRow(
  options: ResolvedOptions,
  { topic, message, schemas, cause, call }: PublishRequest,
  id: string,
  now: number,
): NewOutboxRow {
  const problems = new MessageProblems(call, topic.alias, options.transport.name);
  checkFields(problems, message);
  const tag = tagOf(problems, message, schemas, options.tagSuffix);
  const orderingKey = orderingKeyOf(problems, message, topic);
  const deliver = deliveryTime(problems, message, now);
  if (deliver && orderingKey !== null)
    problems.add('orderingKey', 'and a delivery time exclude each other: a message that waits would hold up its key');

  const horizonMs = Math.floor(options.transport.capabilities.limits.delayMs * HORIZON_MARGIN);
  const inMs = deliver === null ? 0 : timeUntil(deliver, now);
  const payload = encodePayload(problems, topic.codec, message.payload);
  const row: NewOutboxRow = {
    id,
    connection: options.connection,
    broker: options.transport.identity,
    topicAlias: topic.alias,
    topic: topic.topic,
    instanceId: topic.instanceId,
    tag,
    key: keyOf(problems, message) ?? id,
    orderingKey,
    orderKey: orderingKey === null ? null : orderKeyOf(topic.alias, orderingKey),
    payload,
    payloadEncoding: null,
    payloadBytes: Buffer.byteLength(payload),
    headers: encodeHeaders(problems, message.headers),
    settleGroup: topic.settleOn?.group ?? null,
    settleWithinMs: topic.settleOn?.withinMs ?? null,
    maxAttempts: options.reproduce.maxAttempts,
    replayOf: null,
    targetGroup: null,
    trace: null,
    correlationId: correlationIdOf(problems, message, cause, options.correlationId),
    causationId: cause?.id ?? null,
    deliver,
    leased: inMs <= horizonMs,
    horizonMs,
  };
  problems.addWire(violationsOf(options, row, now));
  problems.throwIfAny();
  return row;
}

/** The row with its trace context, if the wire takes that as well: no message is refused for its trace. */
export function withTrace(
  options: ResolvedOptions,
  row: NewOutboxRow,
  trace: string | null,
  now: number,
): NewOutboxRow {
  const traced = { ...row, trace };
  return trace === null || violationsOf(options, traced, now).length > 0 ? row : traced;
}

function violationsOf({ transport }: ResolvedOptions, row: NewOutboxRow, now: number): Violation[] {
  const { deliver, horizonMs } = row;
  const deliverAt = deliver === null ? null : now + Math.min(timeUntil(deliver, now), horizonMs);
  return transport.validateMessage(toOutbound(row, deliverAt));
}

function timeUntil(deliver: NonNullable<NewOutboxRow['deliver']>, now: number): number {
  return 'at' in deliver ? deliver.at - now : deliver.inMs;
}
