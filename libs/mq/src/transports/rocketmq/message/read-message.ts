import type { Delivery, InboundMessage } from '../../../core/transport/transport.js';
import { TRACEPARENT, traceContextOf } from '../../../core/message/trace-context.js';
import type { MessageReceived, SystemPropertiesReceived } from '../protocol/generated.js';
import { fromTimestamp } from '../protocol/times.js';
import type { Endpoint } from '../wire/endpoint.js';
import { MQ_TOPIC } from './write-message.js';
import { readBody } from './read-body.js';

/** What settling a delivery takes: who leased it to us, and by what name. */
export interface DeliveryHandle {
  readonly endpoint: Endpoint;
  readonly messageId: string;
  readonly receiptHandle: string;
}

/** Where a message came from, and on what terms. */
export interface Origin {
  readonly endpoint: Endpoint;
  /** Several brokers may be behind one endpoint, and each may freeze by itself. */
  readonly brokerName: string;
  /** On the monotonic clock. */
  readonly leaseEndsAt: number;
  readonly isDeadLetter: boolean;
  /** Deliveries that the group grants each message, `null` if the server did not say. */
  readonly maxDeliveries: number | null;
  /** Epoch milliseconds. */
  readonly now: number;
  /** See {@link readBody}. */
  readonly maxUnpackedBytes: number;
}

/** A received message. One that is not as it was sent says so, and is no reason to lose sight of it. */
export async function readMessage(message: MessageReceived, from: Origin): Promise<Delivery> {
  const system: Partial<SystemPropertiesReceived> = message.systemProperties ?? {};
  const { endpoint, leaseEndsAt, isDeadLetter, maxDeliveries, now } = from;
  const { messageId = '', receiptHandle = '' } = system;
  const { body, unreadable } = await readBody(message.body, system, from.maxUnpackedBytes);
  const handle: DeliveryHandle = { endpoint, messageId, receiptHandle };
  const { [MQ_TOPIC]: topic, ...sent } = message.userProperties;
  // Agents write properties, and clients that know the field of the protocol write that. Others have texts of their own in there.
  const { traceContext } = system;
  const inField = TRACEPARENT in sent ? null : traceContextOf({ [TRACEPARENT]: traceContext });
  const properties = inField === null ? sent : { ...sent, ...inField };
  const inbound: InboundMessage = {
    brokerMessageId: messageId,
    tag: system.tag || null,
    // The broker keeps keys as one text with blanks between, and takes it apart when it delivers.
    key: system.keys?.join(' ') || null,
    body,
    ...(unreadable !== null && { unreadable }),
    properties,
    // Its own id: one that asked for no order, on a topic that knows nothing else.
    orderingKey: system.messageGroup && system.messageGroup !== messageId ? system.messageGroup : null,
    // The sender's clock: the broker's own is that of the last redelivery, or of becoming a dead letter.
    publishedAt: fromTimestamp(system.bornTimestamp) ?? now,
    ...(isDeadLetter && {
      deadLetterOf: {
        topic: system.deadLetterQueue?.topic || topic || null,
        brokerMessageId: system.deadLetterQueue?.messageId || null,
      },
    }),
  };
  const deliveryCount = Math.max(1, system.deliveryAttempt ?? 1);
  const isLast = maxDeliveries !== null && deliveryCount >= maxDeliveries;
  const server = `${from.brokerName} at ${endpoint.key}`;
  return { message: inbound, deliveryCount, isLast, leaseEndsAt, server, handle };
}
