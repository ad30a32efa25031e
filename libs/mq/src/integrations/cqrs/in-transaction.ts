import type { PublishOptions } from '../../nest/services/mq-producer.service.js';

type Manager = NonNullable<PublishOptions['manager']>;

/** A context for `EventBus.publish()` that says in which transaction the event is published. */
export class EventTransaction {
  constructor(readonly manager: Manager) {}
}

/**
 * Tells the transaction of an event where no ambient one tells it.
 *
 * @example
 * await this.dataSource.transaction(async (manager) => {
 *   await manager.save(order);
 *   await this.events.publish(new OrderCreated(order.id), inTransaction(manager));
 * });
 */
export function inTransaction(manager: Manager): EventTransaction {
  return new EventTransaction(manager);
}
