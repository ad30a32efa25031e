import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** The delivery whose handler the current code runs in. */
export interface DeliveryScope {
  readonly manager: EntityManager;
  /** Set as soon as the handler's part is over: what it left running must not join a transaction that is ending. */
  ended: boolean;
}

/**
 * Shared by all connections of the process: a handler of one may publish through another that lives on the same data
 * source, and then joins the transaction of its delivery as well.
 */
export const deliveryScope = new AsyncLocalStorage<DeliveryScope>();
