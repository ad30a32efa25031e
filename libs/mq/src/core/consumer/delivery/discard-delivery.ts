import { randomUUID } from 'node:crypto';
import type { Discard } from '../../errors/control-flow.js';
import { describeError } from '../../errors/describe-error.js';
import { isA } from '../../errors/is-a.js';
import { InboxContention, type InboxHolds, TransactionLost } from '../../store/delivery-store.js';
import type { ActiveDelivery } from './active-delivery.js';

/** `discarded`: the inbox says handled. `known`: it held a row under this id before. The others as for an attempt. */
export type DiscardOutcome =
  | { readonly kind: 'discarded' | 'contention' }
  | { readonly kind: 'known'; readonly holds: InboxHolds }
  | { readonly kind: 'database'; readonly error: unknown };

/**
 * Records a delivery as handled whose handler threw `Discard`: after the rollback of its attempt, in a transaction that holds nothing
 * else. Whoever waits for the group (`settleOn`) need not wait any longer. The rest of the lease does not matter: should another
 * process have the message by now, one of the two finds the other's row.
 */
export async function discardDelivery(delivery: ActiveDelivery, why: Discard): Promise<DiscardOutcome> {
  const { context, subscription, ref } = delivery;
  try {
    const found = subscription.group.inbox ? await record(delivery) : 'entered';
    if (found !== 'entered') return { kind: 'known', holds: found };
  } catch (thrown) {
    const error: unknown = isA(thrown, TransactionLost) ? thrown.cause : thrown;
    return isA(error, InboxContention) ? { kind: 'contention' } : { kind: 'database', error };
  }
  context.events.emit('delivery.discarded', { ...ref, reason: describeError(why).message });
  return { kind: 'discarded' };
}

function record({
  context,
  subscription,
  lease,
  message,
  id,
  awaited,
  digest,
}: ActiveDelivery): Promise<'entered' | InboxHolds> {
  const { groupId } = subscription.group;
  const token = randomUUID();
  return context.deliveries.transact({ lockWaitMs: lease.lockWaitMs }, async (tx) => {
    const state = await tx.enterInbox(groupId, id, token, digest);
    if (state !== 'entered') return state;
    if (awaited !== null) await tx.settleRow(awaited, message.brokerMessageId);
    if (!(await tx.markHandled(groupId, id, token))) throw new Error('the inbox row of this transaction is gone');
    return state;
  });
}
