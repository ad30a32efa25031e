import { describeError } from '../errors/describe-error.js';
import { codeOf } from '../errors/mq-error.js';
import type { FailureInfo } from '../events/event-map.js';
import { storeBody } from '../message/body.js';
import { decodeHeaders, MQ_HEADERS } from '../message/wire-properties.js';
import type { ErrorEntry } from '../store/error-entry.js';
import type { InboundMessage } from '../transport/transport.js';
import { brokerMessageIdOf } from './inbound.js';
import type { Subscription } from './subscription.js';

/** What of a failed attempt may be told. What is no error of ours came out of the handler. */
export function deliveryFailure(error: unknown): FailureInfo {
  return { code: codeOf(error) ?? 'MQ_HANDLER_FAILED', message: describeError(error).message, cause: error };
}

export interface FailedDelivery {
  readonly message: InboundMessage;
  readonly messageId: string;
  readonly subscription: Subscription;
  readonly attempt: number;
  readonly instance: string;
}

/** A failed or parked delivery as a row of the error table. Parking keeps the message itself: it may be the only copy. */
export function deliveryEntry(failed: FailedDelivery, error: unknown, parked: boolean): ErrorEntry {
  const { message, messageId, subscription, attempt, instance } = failed;
  const { name, message: text, stack } = describeError(error);
  const headers = decodeHeaders(message.properties[MQ_HEADERS]);
  const stored = parked ? storeBody(message.body) : null;
  return {
    direction: 'CONSUME',
    messageId,
    topicAlias: subscription.topic.alias,
    tag: message.tag,
    key: message.key,
    group: subscription.group.alias,
    groupId: subscription.group.groupId,
    attempt,
    parked,
    errorClass: name,
    errorCode: deliveryFailure(error).code,
    message: text,
    stack,
    payload: stored?.payload ?? null,
    payloadEncoding: stored?.encoding ?? null,
    headers: parked && Object.keys(headers).length > 0 ? JSON.stringify(headers) : null,
    orderingKey: message.orderingKey,
    brokerMessageId: brokerMessageIdOf(message),
    publishedAt: message.publishedAt,
    instance,
  };
}
