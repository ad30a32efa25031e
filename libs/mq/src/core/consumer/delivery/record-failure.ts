import type { ActiveDelivery } from './active-delivery.js';
import { failureInfo, failureRecord } from './failure-record.js';
import { verdictOn } from './failure-verdict.js';

/** What comes after a failed attempt: an attempt from memory, a redelivery by the broker, or none, and then nothing was recorded. */
export type AfterFailure =
  { readonly kind: 'again'; readonly inMs: number } | { readonly kind: 'left' } | { readonly kind: 'park' };

/**
 * Records a failed attempt and arranges the next one. Says `park` instead when there is to be none.
 *
 * A failure that could not be recorded counts here all the same; the broker's count ends what no record does. The delay is
 * told to the broker, if it takes one. If not, the delivery waits in memory while its lease allows; failing that, it comes
 * again when the lease ends.
 */
export async function recordFailure(delivery: ActiveDelivery, error: unknown): Promise<AfterFailure> {
  const { context, subscription, lease, ref } = delivery;
  const { maxAttempts, alias: group, backoff } = subscription.group;
  const { attempt, messageId, topic } = ref;
  const delay = verdictOn({ side: 'consume', attempt, maxAttempts, error, messageId, topic, group }, backoff);
  // The last delivery is parked whatever the policy says: the broker gives the message up after it.
  if (delay === 'park' || lease.isLast) return { kind: 'park' };
  try {
    await context.deliveries.recordFailure(failureRecord(delivery, error, false));
  } catch (problem) {
    delivery.reportDatabaseFailure('recording a failure', problem);
  }
  delivery.attempts.add();
  const isTold = await lease.retryIn(delay);
  const waits = !lease.takesDelay && delivery.canWait(delay);
  const retryInMs = isTold || waits ? delay : null;
  context.events.emit('delivery.failed', { ...ref, error: failureInfo(error), retryInMs });
  return waits ? { kind: 'again', inMs: delay } : { kind: 'left' };
}
