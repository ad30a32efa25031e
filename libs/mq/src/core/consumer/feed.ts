import type { ResolvedGroup } from '../config/resolved-options.js';
import type { GroupRef } from '../events/event-map.js';
import type { InboundMessage, MessageSource, MqTransport } from '../transport/transport.js';
import type { Subscription } from './subscription.js';

/** What one poll loop reads: the messages of a (topic, group), or what the broker gave up on for a group. */
export interface Feed<Handle = unknown> {
  /** Stays the same while handlers come and go: the loop that reads this place goes on with the new feed. */
  readonly place: string;
  /** What is asked of the broker there. Another request needs another source. */
  readonly request: string;
  /** For events and health. */
  readonly ref: GroupRef;
  /** For error messages and log lines. */
  readonly label: string;
  readonly group: ResolvedGroup;
  /** Deliveries in hand at once, however many places are free. */
  readonly atOnce: number;
  open(transport: MqTransport): MessageSource;
  /** Whose message this is: topic, group and handlers. */
  subscriptionOf(message: InboundMessage): Subscription<Handle>;
}
