import { describeError } from '../../errors/describe-error.js';
import { MqError } from '../../errors/mq-error.js';
import { UNRECORDED_DELIVERIES } from './attempt-count.js';
import type { Subscription } from '../handlers/subscription.js';

/** Errors with which a delivery fails or is parked although no handler has thrown. */

export function unmatched(subscription: Subscription, messageId: string, wireTag: string | null): MqError {
  const tag = wireTag === null ? 'no tag' : `the tag '${wireTag}'`;
  return new MqError(
    'MQ_UNMATCHED',
    `No handler of ${subscription.label} takes messages with ${tag} (message ${messageId}), so it was parked. ` +
      "Add a handler and replay it, or set unmatched: 'ack' for this group to let such messages go.",
    { details: { messageId, tag: wireTag, group: subscription.group.alias } },
  );
}

export function undecodable(subscription: Subscription, messageId: string, cause: unknown): MqError {
  return new MqError(
    'MQ_PAYLOAD_INVALID',
    `The body of message ${messageId} of ${subscription.label} cannot be decoded by the codec of topic ` +
      `'${subscription.topic.alias}', so it was parked: no further attempt could read it. Check who publishes there, and with which codec.`,
    { details: { messageId, topic: subscription.topic.alias }, cause },
  );
}

export function givenUp(subscription: Subscription, messageId: string, failures: number): MqError {
  const { alias, maxAttempts } = subscription.group;
  return new MqError(
    'MQ_DEAD_LETTERED',
    `The broker gave up message ${messageId} of ${subscription.label} after as many deliveries as it allows for the group, ` +
      `and it was parked from the dead letters: ${failures} failed attempts are recorded, maxAttempts is ${maxAttempts}. ` +
      'Fewer than that mean that handling it ends the process, that its leases ran out, or that the broker allows too few ' +
      `deliveries. Look at the earlier errors of this message, replay it once the cause is gone, and let the broker deliver ` +
      `to the group '${alias}' at least ${maxAttempts + UNRECORDED_DELIVERIES} times.`,
    { details: { messageId, group: alias, failures, maxAttempts } },
  );
}

export function exhausted(
  subscription: Subscription,
  messageId: string,
  failures: number,
  deliveries: number,
): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    `Message ${messageId} of ${subscription.label} was parked without another attempt: ${failures} attempts failed, and the ` +
      `broker has delivered it ${deliveries} times (maxAttempts is ${subscription.group.maxAttempts}). ` +
      'Many deliveries without recorded failures mean that handling it ends the process, or that its leases ran out.',
    { details: { messageId, failures, deliveries } },
  );
}

export function halfDone(subscription: Subscription, messageId: string, cause: unknown): MqError {
  return new MqError(
    'MQ_HALF_DONE',
    `A part of what the handler did for message ${messageId} of ${subscription.label} was committed, and then the attempt failed` +
      `${cause === undefined ? '' : ` (${describeError(cause).message})`}. Another one would do that part twice, so the message was ` +
      'parked. The handler committed in the middle, or a statement of it did (DDL, TRUNCATE on MySQL and MariaDB): keep ' +
      'such statements out of handlers. Put things right by hand, or replay it if doing it again does no harm.',
    { details: { messageId, group: subscription.group.alias }, cause },
  );
}

export function idConflict(subscription: Subscription, messageId: string, keptAs: string): MqError {
  const identify =
    "If the id comes from identify() of the group, two messages got one: let it answer what differs. If it is the producer's " +
    'mq-id, the producer gives out ids twice.';
  return new MqError(
    'MQ_ID_CONFLICT',
    `The group knows message ${messageId} of ${subscription.label} already, with another body. It is no copy, so it was not ` +
      `dropped but parked, as ${keptAs}. ${identify} Replay it to have it handled after all.`,
    { details: { messageId, keptAs, group: subscription.group.alias } },
  );
}

export function unstorable(subscription: Subscription, messageId: string, cause: unknown): MqError {
  return new MqError(
    'MQ_MESSAGE_INVALID',
    `The database refuses a value of message ${messageId} of ${subscription.label}, and would at each attempt, so it was ` +
      'parked without running its handler. Look at the characters of its id and key, and at the encoding of the database.',
    { details: { messageId, group: subscription.group.alias }, cause },
  );
}

export function connectionLostAgain(subscription: Subscription, messageId: string, cause: unknown): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    `The database connection of a handler broke for the second time on message ${messageId} of ${subscription.label}, so it ` +
      'counts as a failed attempt. If that goes on, it is the handler that breaks it: a statement larger than the server ' +
      'accepts, or a pause longer than it lets a transaction idle.',
    { retryable: true, details: { messageId, group: subscription.group.alias }, cause },
  );
}
