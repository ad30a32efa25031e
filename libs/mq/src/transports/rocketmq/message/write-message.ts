import { hostname } from 'node:os';
import { bodyBytes } from '../../../core/message/body.js';
import type { OutboundMessage } from '../../../core/transport/transport.js';
import { toTimestamp } from '../protocol/times.js';
import type { Message, MessageType, Resource } from '../protocol/generated.js';

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

export function writeMessage(
  message: OutboundMessage,
  { topic, queueId, messageId, now }: { topic: Resource; queueId: number; messageId: string; now: number },
): Message {
  const { tag, key, deliverAt, orderingKey, properties, body } = message;
  return {
    topic,
    userProperties: { ...properties, [MQ_TOPIC]: topic.name ?? '' },
    systemProperties: {
      ...(tag !== null && { tag }),
      keys: [key],
      messageId,
      bodyEncoding: 'IDENTITY',
      messageType: messageType(message),
      bornTimestamp: toTimestamp(now),
      bornHost: HOST,
      // The past is all one to the broker; of what is before the year 1 the protocol knows nothing.
      ...(deliverAt !== null && { deliveryTimestamp: toTimestamp(Math.max(0, deliverAt)) }),
      ...(orderingKey !== null && { messageGroup: orderingKey }),
      queueId,
    },
    body: bodyBytes(body),
  };
}
