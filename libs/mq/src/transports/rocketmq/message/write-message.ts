import { hostname } from 'node:os';
import { bodyBytes } from '../../../core/message/body.js';
import type { OutboundMessage } from '../../../core/transport/transport.js';
import { toTimestamp } from '../protocol/times.js';
import type { Message, MessageType, Resource, SystemProperties, Timestamp } from '../protocol/generated.js';

const HOST = hostname();

/**
 * Property with the name of the topic. A dead letter arrives without any other word of where it was: the protocol has a
 * field for it, which Apache's proxy does not fill (5.5.0).
 */
export const MQ_TOPIC = 'mq-topic';

/** What the broker calls this kind of message; a topic takes one kind. */
export function messageType({ deliverAt, orderingKey }: OutboundMessage): MessageType {
  if (deliverAt !== null) return 'DELAY';
  return orderingKey !== null ? 'FIFO' : 'NORMAL';
}

export interface WriteOptions {
  readonly topic: Resource;
  readonly queueId: number;
  readonly messageId: string;
  readonly bornAt: Timestamp;
}

/** Without spreads for what may be there or not: with them it took 11 µs of the processor instead of 2, a tenth of a message in a list. */
export function writeMessage(message: OutboundMessage, { topic, queueId, messageId, bornAt }: WriteOptions): Message {
  const { tag, key, deliverAt, orderingKey, properties, body } = message;
  const systemProperties: SystemProperties = {
    keys: [key],
    messageId,
    bodyEncoding: 'IDENTITY',
    messageType: messageType(message),
    bornTimestamp: bornAt,
    bornHost: HOST,
    queueId,
  };
  if (tag !== null) systemProperties.tag = tag;
  // The past is all one to the broker; of what is before the year 1 the protocol knows nothing.
  if (deliverAt !== null) systemProperties.deliveryTimestamp = toTimestamp(Math.max(0, deliverAt));
  if (orderingKey !== null) systemProperties.messageGroup = orderingKey;
  const userProperties = { ...properties, [MQ_TOPIC]: topic.name ?? '' };
  return { topic, userProperties, systemProperties, body: bodyBytes(body) };
}
