import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** The delivery whose handler the current code runs in. */
export interface DeliveryScope {
  readonly manager: EntityManager;
  /**
   * Set as soon as the handler's part is over. What it left running (a timer, a queue that it was the first to use) inherits
   * this scope for as long as it lives; from then on it is as outside of any delivery.
   */
  ended: boolean;
  /** Set when the handler did not come back in time: then it may be the handler itself that goes on. */
  cutOff: boolean;
}

/**
 * Shared by all connections of the process: a handler of one may publish through another that lives on the same data
 * source, and then joins the transaction of its delivery as well.
 */
export const deliveryScope = new AsyncLocalStorage<DeliveryScope>();
