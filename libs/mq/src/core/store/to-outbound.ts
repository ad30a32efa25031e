import type { OutboxMessage } from './outbox-row.js';
import type { OutboundMessage } from '../transport/transport.js';
import { loadBody } from '../message/body.js';
import { traceProperties } from '../message/trace-context.js';
import {
  encodeHeaders,
  MQ_CAUSATION,
  MQ_CORRELATION,
  MQ_GROUP,
  MQ_HEADERS,
  MQ_ID,
  MQ_ROW,
} from '../message/wire-properties.js';

/** A message of the outbox as it goes onto the wire: the payload itself, without an envelope; what is ours in properties. */
export function toOutbound(message: OutboxMessage, deliverAt: number | null): OutboundMessage {
  const properties: Record<string, string> = { [MQ_ID]: message.replayOf ?? message.id };
  if (message.replayOf !== null) properties[MQ_ROW] = message.id;
  if (message.headers !== null) properties[MQ_HEADERS] = encodeHeaders(message.headers);
  if (message.targetGroup !== null) properties[MQ_GROUP] = message.targetGroup;
  if (message.correlationId !== null) properties[MQ_CORRELATION] = message.correlationId;
  if (message.causationId !== null) properties[MQ_CAUSATION] = message.causationId;
  if (message.trace !== null) Object.assign(properties, traceProperties(message.trace));
  return {
    topic: message.topic,
    instanceId: message.instanceId,
    tag: message.tag,
    key: message.key,
    body: loadBody({ payload: message.payload, encoding: message.payloadEncoding }),
    properties,
    deliverAt,
    orderingKey: message.orderingKey,
  };
}
