import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** The delivery whose handler the current code runs in. */
export interface DeliveryScope {
  readonly manager: EntityManager;
  /**
   * Set as soon as the handler has ended. Code that it left running (a timer, a queue that it was the first to use) inherits
   * this scope for as long as it lives; from then on that code counts as outside of any delivery.
   */
  ended: boolean;
  /** Set when the handler ran into its timeout: then the handler itself may still run. */
  cutOff: boolean;
}

/**
 * Shared by all connections of the process: a handler of one may publish through another that lives on the same data
 * source, and then joins the transaction of its delivery as well.
 */
export const deliveryScope = new AsyncLocalStorage<DeliveryScope>();
