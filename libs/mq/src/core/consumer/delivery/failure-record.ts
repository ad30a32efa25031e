import { describeError } from '../../errors/describe-error.js';
import { codeOf } from '../../errors/mq-error.js';
import type { FailureInfo } from '../../events/event-map.js';
import { storeBody } from '../../message/body.js';
import { causalityOf } from '../../message/causality.js';
import { encodeTrace, traceContextOf } from '../../message/trace-context.js';
import { decodeHeaders, MQ_HEADERS } from '../../message/wire-properties.js';
import type { ErrorEntry } from '../../store/error-entry.js';
import type { ActiveDelivery } from './active-delivery.js';
import { brokerMessageIdOf } from './identify.js';

/** Builds what events say of a failed attempt. An error without a code of ours came out of the handler. */
export function failureInfo(error: unknown): FailureInfo {
  return { code: codeOf(error) ?? 'MQ_HANDLER_FAILED', message: describeError(error).message, cause: error };
}

/**
 * Builds the row of the error table for a failed or parked delivery. A parked one keeps the message itself, because the row
 * may be its only copy.
 */
export function failureRecord(
  { message, id, subscription, attempts, context }: ActiveDelivery,
  error: unknown,
  parked: boolean,
): ErrorEntry {
  const { name, message: text, stack } = describeError(error);
  const headers = decodeHeaders(message.properties[MQ_HEADERS]);
  const stored = parked ? storeBody(message.body) : null;
  return {
    direction: 'CONSUME',
    messageId: id,
    topicAlias: subscription.topic.alias,
    tag: message.tag,
    key: message.key,
    group: subscription.group.alias,
    groupId: subscription.group.groupId,
    attempt: attempts.attempt,
    parked,
    errorClass: name,
    errorCode: failureInfo(error).code,
    message: text,
    stack,
    payload: stored?.payload ?? null,
    payloadEncoding: stored?.encoding ?? null,
    headers: parked && Object.keys(headers).length > 0 ? JSON.stringify(headers) : null,
    ...(parked ? causalityOf(message.properties) : { correlationId: null, causationId: null }),
    trace: parked ? encodeTrace(traceContextOf(message.properties)) : null,
    orderingKey: message.orderingKey,
    brokerMessageId: brokerMessageIdOf(message),
    publishedAt: message.publishedAt,
    instance: context.instance,
  };
}
