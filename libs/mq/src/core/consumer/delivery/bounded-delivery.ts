import { plainId } from '../../message/message-id.js';
import { LAST_TIME } from '../../runtime/last-time.js';
import type { Delivery, InboundMessage } from '../../transport/transport.js';

/** Largest value of a column of counts. */
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Bounds the numbers and broker ids of a delivery to what a database can store, whatever the broker, or a producer through it,
 * sent. Other producers choose freely what they send, and a time of 9.2e21 is in no range of a database: such a message could
 * be neither handled nor parked, for ever. Texts that handlers may want unchanged (key, tag, properties, body) stay as they
 * are; they are made to fit where they are stored.
 *
 * @param now replaces a time that is none
 */
export function bounded(delivery: Delivery, now: number): Delivery {
  const { deliveryCount } = delivery;
  const count = Number.isFinite(deliveryCount) ? Math.min(Math.max(Math.trunc(deliveryCount), 1), MAX_COUNT) : 1;
  return { ...delivery, deliveryCount: count, message: boundedMessage(delivery.message, now) };
}

function boundedMessage(message: InboundMessage, now: number): InboundMessage {
  const { publishedAt, deadLetterOf } = message;
  const isTime = Number.isFinite(publishedAt) && publishedAt >= 0 && publishedAt <= LAST_TIME;
  return {
    ...message,
    brokerMessageId: plainId(message.brokerMessageId),
    publishedAt: isTime ? publishedAt : now,
    ...(deadLetterOf && {
      deadLetterOf: { topic: plain(deadLetterOf.topic), brokerMessageId: plain(deadLetterOf.brokerMessageId) },
    }),
  };
}

function plain(text: string | null): string | null {
  return text === null ? null : plainId(text);
}
