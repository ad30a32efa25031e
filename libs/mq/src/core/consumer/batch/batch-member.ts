import type { MqMessage } from '../../message/message.js';
import { LazyAbort } from '../../runtime/lazy-abort.js';
import { MQ_GROUP } from '../../message/wire-properties.js';
import { acceptPayload } from '../delivery/accept-payload.js';
import type { ActiveDelivery } from '../delivery/active-delivery.js';
import type { DeliveryRun } from '../delivery/delivery-run.js';
import { toMqMessage } from '../delivery/identify.js';
import { runHandler } from '../delivery/run-handler.js';
import type { RegisteredHandler } from '../handlers/handler.js';

/** A delivery in a batch, and what its handler gets of it. */
export interface BatchMember<Handle> {
  readonly run: DeliveryRun<Handle>;
  readonly message: MqMessage;
}

/**
 * The handler that takes a delivery in a batch, `null` if it goes alone: always if it was delivered before, because then the batch that it
 * was in has failed, and may have ended the process.
 */
export function batchHandlerOf<Handle>(delivery: ActiveDelivery<Handle>): RegisteredHandler<Handle> | null {
  const { subscription, message, lease, isDeadLetter } = delivery;
  if (isDeadLetter || lease.deliveryCount > 1) return null;
  const handler = subscription.handlerFor(message.tag);
  return handler?.batch ? handler : null;
}

/**
 * Those of the deliveries with which nothing is wrong, in their order. All others have to be parked, acknowledged or left to the
 * broker, or are a second copy; they find that out alone, and do not keep the batch from its way.
 */
export async function membersOf<Handle>(
  runs: readonly DeliveryRun<Handle>[],
  handler: RegisteredHandler<Handle>,
): Promise<BatchMember<Handle>[]> {
  const ids = new Set<string>();
  const ready = runs.filter(({ delivery }) => isOrdinary(delivery) && ids.size < ids.add(delivery.id).size);
  const members = await Promise.all(ready.map((run) => memberOf(run, handler)));
  return members.filter((member) => member !== null);
}

function isOrdinary({ message, subscription, identifyProblem }: ActiveDelivery): boolean {
  const target = message.properties[MQ_GROUP];
  return identifyProblem === null && (target === undefined || target === subscription.group.groupId);
}

async function memberOf<Handle>(
  run: DeliveryRun<Handle>,
  handler: RegisteredHandler<Handle>,
): Promise<BatchMember<Handle> | null> {
  const { delivery } = run;
  try {
    if (!(await delivery.lease.ensure())) return null;
    const message = toMqMessage(delivery.message, delivery.id, delivery.subscription);
    return { run, message: handler.schemas ? await accepted(delivery, handler, message) : message };
  } catch {
    return null;
  }
}

/** Schemas are the application's code: one that never answers ends at the timeout. */
async function accepted<Handle>(
  delivery: ActiveDelivery<Handle>,
  { schemas }: RegisteredHandler<Handle>,
  message: MqMessage,
): Promise<MqMessage> {
  let result = message;
  await runHandler({
    delivery,
    controller: new LazyAbort(),
    manager: delivery.context.deliveries.handleWithoutTransaction,
    invoke: async () => {
      result = await acceptPayload(schemas!, message, delivery.subscription);
    },
  });
  return result;
}
