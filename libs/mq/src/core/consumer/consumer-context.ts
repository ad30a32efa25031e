import type { DeliveryStore } from '../store/delivery-store.js';
import type { MqEvents } from '../events/event-bus.js';
import type { Clock } from '../runtime/clock.js';
import type { TransportCapabilities } from '../transport/capabilities.js';
import type { DatabaseGate } from './database-gate.js';
import type { Slots } from './slots.js';
import type { StuckHandlers } from './stuck-handlers.js';

/** What everything that belongs to one run of one connection's consumers shares. */
export interface ConsumerContext<Handle> {
  readonly connection: string;
  /** Which process this is, for people that read the error table. */
  readonly instance: string;
  readonly deliveries: DeliveryStore<Handle>;
  readonly capabilities: TransportCapabilities;
  readonly events: MqEvents;
  readonly clock: Clock;
  /** Handlers at once over all groups, shared with the other connections on the same data source. */
  readonly inFlight: Slots;
  readonly database: DatabaseGate;
  readonly stuck: StuckHandlers;
  /** Aborts when shutdown stops waiting for handlers. */
  readonly giveUp: AbortSignal;
  /** Aborts when nothing may be said to the broker any more. */
  readonly hangUp: AbortSignal;
}
