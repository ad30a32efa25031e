import type { ResolvedGroup } from '../../config/resolved-options.js';
import type { GroupRef } from '../../events/event-map.js';
import type { InboundMessage, MessageSource, MqTransport } from '../../transport/transport.js';
import type { Subscription } from '../handlers/subscription.js';

/** Feed of one poll loop: the messages of a topic for a group, or the dead letters of a group. */
export interface Feed<Handle = unknown> {
  /** Identity. It stays the same while handlers come and go: the loop that reads this feed goes on with the new handlers. */
  readonly key: string;
  /** What the broker is asked for. A feed with another request needs another source. */
  readonly request: string;
  /** For events and health. */
  readonly ref: GroupRef;
  /** For error messages and log lines. */
  readonly label: string;
  readonly group: ResolvedGroup;
  /** Tags that the broker is asked for; `null` for all messages. */
  readonly tags: readonly string[] | null;
  /** Deliveries in progress at once, however many slots are free. */
  readonly atOnce: number;
  /** Whether messages may wait here for a slot. Not where one that waits would hold others back at the broker. */
  readonly prefetches: boolean;
  /** Messages of a batch that takes one slot; `null` where a message may need a slot of its own. */
  readonly batchSize: number | null;
  /** How long a message may wait for the others of its batch. */
  readonly batchWaitMs: number;
  subscribe(transport: MqTransport): MessageSource;
  /** Finds the subscription of a message: its topic, group and handlers. */
  subscriptionOf(message: InboundMessage): Subscription<Handle>;
}
