import { MqError } from '../errors/mq-error.js';
import { UNRECORDED_DELIVERIES } from './attempt-count.js';
import type { Subscription } from './subscription.js';

/** The errors with which a delivery is parked although no handler has thrown. */

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
