import type { Attributes } from '@opentelemetry/api';
import { MQ_ID } from '../../core/message/wire-properties.js';
import type { NewOutboxRow } from '../../core/store/outbox-row.js';
import type {
  DeadLetterSpec,
  InboundMessage,
  OutboundMessage,
  SubscriptionSpec,
} from '../../core/transport/transport.js';

// Attributes of the messaging conventions 1.44, those of RocketMQ among them; what they have no name for begins with `mq.`.

export type Operation = 'create' | 'send' | 'receive' | 'process' | 'ack';

export function operationAttributes(operation: Operation): Attributes {
  return {
    'messaging.system': 'rocketmq',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'ack' ? 'settle' : operation,
  };
}

/** Where messages are sent to or read from. */
export function destinationAttributes({
  topic,
  instanceId,
}: {
  readonly topic: string;
  readonly instanceId: string | null;
}): Attributes {
  return {
    'messaging.destination.name': topic,
    ...(instanceId !== null && { 'messaging.rocketmq.namespace': instanceId }),
  };
}

export function createdAttributes(row: NewOutboxRow): Attributes {
  return {
    ...destinationAttributes(row),
    ...messageAttributes(row),
    'messaging.rocketmq.message.type': typeOf(row.deliver !== null, row.orderingKey),
    'mq.message.id': row.replayOf ?? row.id,
  };
}

export function sentAttributes(message: OutboundMessage): Attributes {
  const { deliverAt, properties } = message;
  return {
    ...destinationAttributes(message),
    ...messageAttributes(message),
    'messaging.rocketmq.message.type': typeOf(deliverAt !== null, message.orderingKey),
    ...(deliverAt !== null && { 'messaging.rocketmq.message.delivery_timestamp': deliverAt }),
    ...(properties[MQ_ID] !== undefined && { 'mq.message.id': properties[MQ_ID] }),
  };
}

export function receivedAttributes(message: InboundMessage): Attributes {
  return {
    ...messageAttributes(message),
    'messaging.message.id': message.brokerMessageId,
    ...(message.properties[MQ_ID] !== undefined && { 'mq.message.id': message.properties[MQ_ID] }),
  };
}

/** What a consumer asked the broker for. */
export function subscriptionAttributes(spec: Pick<SubscriptionSpec, 'topic' | 'groupId' | 'instanceId'>): Attributes {
  return {
    ...destinationAttributes(spec),
    'messaging.consumer.group.name': spec.groupId,
    'messaging.rocketmq.consumption_model': 'clustering',
  };
}

/** Of messages that were received or acknowledged in one call: each one's own, if it is one. */
export function batchAttributes(messages: readonly InboundMessage[]): Attributes {
  return messages.length === 1
    ? receivedAttributes(messages[0]!)
    : { 'messaging.batch.message_count': messages.length };
}

/** As RocketMQ names it. */
export function deadLetterTopic({ groupId }: DeadLetterSpec): string {
  return `%DLQ%${groupId}`;
}

function messageAttributes(message: Pick<InboundMessage, 'tag' | 'key' | 'orderingKey'>): Attributes {
  const { tag, key, orderingKey } = message;
  return {
    ...(key !== null && { 'messaging.rocketmq.message.keys': [key] }),
    ...(tag !== null && { 'messaging.rocketmq.message.tag': tag }),
    ...(orderingKey !== null && { 'messaging.rocketmq.message.group': orderingKey }),
  };
}

function typeOf(isDelayed: boolean, orderingKey: string | null): string {
  if (isDelayed) return 'delay';
  return orderingKey === null ? 'normal' : 'fifo';
}
