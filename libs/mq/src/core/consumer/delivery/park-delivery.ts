import { idBesides } from '../../message/message-id.js';
import type { InboxHolds } from '../../store/delivery-store.js';
import type { ActiveDelivery } from './active-delivery.js';
import { halfDone, idConflict } from './delivery-errors.js';
import { failureInfo, failureRecord } from './failure-record.js';

/** `parked`: the database holds the message. `duplicate`: it held a copy before. `database`: it failed, and holds nothing. */
export type ParkOutcome =
  { readonly kind: 'parked' | 'database' } | { readonly kind: 'duplicate'; readonly of: 'handled' | 'parked' };

/** Parks a delivery, after the rollback of its attempt and outside of that transaction, so that neither undoes the other. */
export async function parkDelivery(delivery: ActiveDelivery, error: unknown): Promise<ParkOutcome> {
  const { context, subscription, awaited, digest, ref } = delivery;
  const failure = failureInfo(error);
  // Without an inbox, its row is the only sign that a dead letter was parked before.
  const inbox = subscription.group.inbox || delivery.isDeadLetter;
  const options = { inbox, awaited, digest, halfDone: failure.code === 'MQ_HALF_DONE' };
  let found: 'written' | InboxHolds;
  try {
    found = await context.deliveries.park(failureRecord(delivery, error, true), options);
  } catch (problem) {
    delivery.reportDatabaseFailure('parking', problem);
    return { kind: 'database' };
  }
  if (found !== 'written') return parkUnlessDuplicate(delivery, found, error);
  context.events.emit('delivery.parked', { ...ref, error: failure });
  return { kind: 'parked' };
}

/**
 * Parks a delivery whose id has an inbox row already, unless it is a copy of the message of that row: what is half done must
 * not be done again, and another message of the same id is parked under an id of its own.
 *
 * @param cause why the delivery was to be parked, if it was
 */
export async function parkUnlessDuplicate(
  delivery: ActiveDelivery,
  holds: InboxHolds,
  cause: unknown,
): Promise<ParkOutcome> {
  const { subscription, id, digest } = delivery;
  switch (holds) {
    case 'handled':
    case 'parked':
      return { kind: 'duplicate', of: holds };
    case 'half-done':
      return parkDelivery(delivery, halfDone(subscription, id, cause));
    case 'other': {
      const ownId = idBesides(id, digest!);
      delivery.identifyAs(ownId);
      return parkDelivery(delivery, idConflict(subscription, id, ownId));
    }
  }
}
