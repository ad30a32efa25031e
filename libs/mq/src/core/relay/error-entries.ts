import { describeError } from '../errors/describe-error.js';
import type { FailureInfo } from '../events/event-map.js';
import type { ErrorEntry } from '../store/error-entry.js';
import type { LeasedRow } from '../store/outbox-row.js';
import type { SendFailure } from './send-result.js';

/** What an error row of the relay leaves empty: the status row keeps the payload of what it parks, and no group is concerned. */
const NONE = {
  direction: 'PRODUCE',
  group: null,
  groupId: null,
  payload: null,
  payloadEncoding: null,
  headers: null,
  trace: null,
  correlationId: null,
  causationId: null,
  brokerMessageId: null,
  publishedAt: null,
} as const;

/** Error row of one failed attempt to send a message, or of its parking. */
export function sendErrorEntry(
  row: LeasedRow,
  failure: SendFailure,
  attempt: number,
  parked: boolean,
  instance: string,
): ErrorEntry {
  const described = describeError(failure.cause ?? failure.message);
  return {
    ...NONE,
    messageId: row.id,
    topicAlias: row.topicAlias,
    tag: row.tag,
    key: row.key,
    attempt,
    parked,
    errorClass: described.name,
    errorCode: failure.code,
    message: failure.message,
    stack: described.stack,
    orderingKey: row.orderingKey,
    instance,
  };
}

/** Error row of an outage: one for all the messages that it holds up. */
export function outageEntry(scope: string, { code, message }: FailureInfo, instance: string): ErrorEntry {
  return {
    ...NONE,
    messageId: null,
    topicAlias: null,
    tag: null,
    key: null,
    attempt: 0,
    parked: false,
    errorClass: 'Outage',
    errorCode: code,
    message: `sending through the ${scope} stopped: ${message}`,
    stack: null,
    orderingKey: null,
    instance,
  };
}
