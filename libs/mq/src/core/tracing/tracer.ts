import type { MqEvents } from '../events/event-bus.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { InboundMessage, MqTransport, SubscriptionSpec } from '../transport/transport.js';

/**
 * Port to whatever records traces. Where there is no tracer, `null` stands in its place, and everything that would be made
 * for it alone is left out: no object and no closure for a message.
 *
 * No method throws, whatever happens to the tracing.
 */
export interface MqTracer {
  /** That of the connection, whose sends, polls and acknowledgements are traced. */
  readonly transport: MqTransport;
  /** Begins the span of a message that is being published, in the context of the caller. */
  create(row: NewOutboxRow): CreatedSpan;
  /**
   * Calls `work`, which handles one delivery, inside of its span: what is traced or published in there belongs to it. Ends as
   * `work` does. How the delivery ended is told by the events that `work` emits; of one that waits in memory because the
   * database failed there is none.
   */
  process<T>(delivery: TracedDelivery, work: () => Promise<T>): Promise<T>;
}

export interface CreatedSpan {
  /** Its context, for the `trace` column and the wire; `null` while nobody records traces. */
  readonly trace: string | null;
  /** @param error why the message was not published */
  end(error?: unknown): void;
}

export interface TracedDelivery {
  readonly message: InboundMessage;
  /** By which it is deduplicated. */
  readonly id: string;
  readonly spec: SubscriptionSpec;
}

/** Makes the tracer of each connection. */
export interface MqTracing {
  tracerOf(connection: TracedConnection): MqTracer;
}

export interface TracedConnection {
  readonly name: string;
  /** Name of this process. */
  readonly instance: string;
  readonly events: MqEvents;
  readonly transport: MqTransport;
}
