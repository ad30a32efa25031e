import { oneLine } from '../../core/runtime/one-line.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type { Code, StatusReceived } from './protocol/generated.js';

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

/** How Apache's proxy refuses a message for a topic that its broker has no more, while the name server still names it (5.5.0). */
const NO_TOPIC = /expected type is UNSPECIFIED/;

/**
 * What Apache's broker says about itself, under the code for everything that it did not expect (5.5.0): its disk is full, or
 * it has become a follower; it may be read only. It says so before it stores anything.
 */
const TAKES_NOTHING = /service not available now|the broker\[[^\]]*\] sending message is forbidden/;
const TAKES_NOTHING_ADVICE = 'look at the disk and the role of the broker, and at its brokerPermission';

/** What a proxy says, under the code for everything that it did not expect, when its broker has not answered (5.5.0). */
const OWES_ANSWER = /time ?out/i;

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
  const [kind, hint] = meaning(code, status.message);
  const advice = hint ? ` (${hint})` : '';
  return new TransportError(kind, `${what}: the broker answered ${code}: ${short(status.message)}${advice}`, {
    brokerCode: String(code),
    answered: !(code === 'INTERNAL_SERVER_ERROR' && OWES_ANSWER.test(status.message)),
  });
}

/** Some codes stand for several things, which only the text tells apart. */
function meaning(code: Code, text: string): [TransportErrorKind, string | undefined] {
  if (code === 'UNAUTHORIZED' && NO_RIGHT.test(text)) return ['forbidden', NO_RIGHT_ADVICE];
  if (code === 'INTERNAL_SERVER_ERROR' && TAKES_NOTHING.test(text)) return ['unavailable', TAKES_NOTHING_ADVICE];
  if (code === 'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE' && NO_TOPIC.test(text))
    return ['not-found', ADVICE.TOPIC_NOT_FOUND];
  return [KINDS[code] ?? 'unknown', ADVICE[code]];
}

/** Of a text that a broker sent. */
export function short(text: string): string {
  return oneLine(text).slice(0, 200);
}
