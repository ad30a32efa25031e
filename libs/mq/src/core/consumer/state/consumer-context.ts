import type { DeliveryStore } from '../../store/delivery-store.js';
import type { MqEvents } from '../../events/event-bus.js';
import type { Clock } from '../../runtime/clock.js';
import type { MqTracer } from '../../tracing/tracer.js';
import type { TransportCapabilities } from '../../transport/capabilities.js';
import type { DatabaseCircuit } from './database-circuit.js';
import type { Semaphore } from '../../runtime/semaphore.js';
import type { StuckHandlers } from './stuck-handlers.js';

/** Context of one run of a connection's consumers: what all its parts share. */
export interface ConsumerContext<Handle> {
  readonly connection: string;
  /** Name of this process, for people who read the error table. */
  readonly instance: string;
  readonly deliveries: DeliveryStore<Handle>;
  readonly capabilities: TransportCapabilities;
  readonly events: MqEvents;
  readonly clock: Clock;
  /** Limits handlers at once over all groups; shared with the other connections on the same data source. */
  readonly inFlight: Semaphore;
  readonly database: DatabaseCircuit;
  readonly stuck: StuckHandlers;
  readonly tracer: MqTracer | null;
  /** Aborts when shutdown stops waiting for handlers. */
  readonly giveUp: AbortSignal;
  /** Aborts when no call to the broker may be under way any more. */
  readonly hangUp: AbortSignal;
}
