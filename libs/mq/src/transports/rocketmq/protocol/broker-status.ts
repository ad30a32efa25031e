import { oneLine } from '../../../core/runtime/one-line.js';
import { TransportError, type TransportErrorKind } from '../../../core/transport/transport-error.js';
import type { Code, StatusReceived } from './generated.js';

/**
 * What the codes of an answer mean. A code that is not here is retried (`unknown`) and not believed: calling it `invalid`
 * would park messages because of a code that a newer server has.
 */
const KINDS: Partial<Record<Code, TransportErrorKind>> = {
  // Unless it says that a right is missing, see below.
  UNAUTHORIZED: 'auth',
  PAYMENT_REQUIRED: 'auth',
  NOT_FOUND: 'not-found',
  // Apache's proxy says it of a topic that may not be read or written, others of what a user may not do with it.
  FORBIDDEN: 'not-found',
  TOPIC_NOT_FOUND: 'not-found',
  CONSUMER_GROUP_NOT_FOUND: 'not-found',
  TOO_MANY_REQUESTS: 'throttled',
  PAYLOAD_TOO_LARGE: 'too-large',
  MESSAGE_BODY_TOO_LARGE: 'too-large',
  MESSAGE_PROPERTIES_TOO_LARGE: 'too-large',
  // About the topic as likely as about the message: its type, its name, the longest delay that the broker is set to.
  MESSAGE_PROPERTY_CONFLICT_WITH_TYPE: 'refused',
  ILLEGAL_TOPIC: 'refused',
  ILLEGAL_CONSUMER_GROUP: 'refused',
  ILLEGAL_DELIVERY_TIME: 'refused',
  ILLEGAL_MESSAGE_TAG: 'invalid',
  ILLEGAL_MESSAGE_KEY: 'invalid',
  ILLEGAL_MESSAGE_GROUP: 'invalid',
  ILLEGAL_MESSAGE_PROPERTY_KEY: 'invalid',
  ILLEGAL_FILTER_EXPRESSION: 'invalid',
  ILLEGAL_INVISIBLE_TIME: 'invalid',
  MESSAGE_BODY_EMPTY: 'invalid',
  INVALID_RECEIPT_HANDLE: 'lease-lost',
};

const ADVICE: Partial<Record<Code, string>> = {
  UNAUTHORIZED: 'check transport.credentials',
  ILLEGAL_TOPIC: 'correct the name of the topic',
  ILLEGAL_CONSUMER_GROUP: 'correct groupId',
  FORBIDDEN: 'the topic or the user lacks the permission; look at both at the broker',
  PAYMENT_REQUIRED: 'the provider has suspended the account',
  TOPIC_NOT_FOUND: 'create the topic at the broker, or correct its name and transport.namespace',
  CONSUMER_GROUP_NOT_FOUND: 'create the group at the broker, or correct groupId',
  MESSAGE_PROPERTY_CONFLICT_WITH_TYPE:
    'a topic takes one type of message: NORMAL, FIFO for ordered, DELAY for delayed ones',
  TOO_MANY_REQUESTS: 'the broker asks to slow down',
};

/** What Apache's broker answers, under the same code as for wrong credentials, to a user that may not do this (5.5.0). */
const NO_RIGHT = /no permission to access (Topic|Group):/i;
const NO_RIGHT_ADVICE = 'the user lacks the right; grant it at the broker';

/** Whether it is the code for "carried out". */
export function isOk(status: StatusReceived | null | undefined): boolean {
  return status?.code === 'OK';
}

/** The error for a status that is not `OK`; a missing one is an answer that makes no sense. */
export function refusal(what: string, status: StatusReceived | null | undefined): TransportError {
  if (!status) return new TransportError('unknown', `${what}: the broker answered without a status`);
  const code = status.code as Code;
  const lacksRight = code === 'UNAUTHORIZED' && NO_RIGHT.test(status.message);
  const hint = lacksRight ? NO_RIGHT_ADVICE : ADVICE[code];
  const advice = hint ? ` (${hint})` : '';
  return new TransportError(
    lacksRight ? 'forbidden' : (KINDS[code] ?? 'unknown'),
    `${what}: the broker answered ${code}: ${short(status.message)}${advice}`,
    { brokerCode: String(code) },
  );
}

/** Of a text that a broker sent. */
export function short(text: string): string {
  return oneLine(text).slice(0, 200);
}
