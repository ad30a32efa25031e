import type { Delivery } from './delivery.js';

/** One batch in the making. */
export interface Take {
  max: number;
  now: number;
  /** End of the invisibility of what is delivered. */
  until: number;
  /** The next message of the log that the group wants, `undefined` at its end. */
  next(): Delivery | undefined;
  /** Whether a message that waits for redelivery is still wanted; the queue forgets it otherwise. */
  wants(delivery: Delivery): boolean;
}

/** How a group hands out messages: in any order, or in order within a partition. */
export interface DeliveryQueue {
  /** Messages waiting to be delivered (again), not counting what is unread in the log. */
  readonly ready: number;
  readonly inFlight: number;
  take(batch: Take): Delivery[];
  /** Settles one delivery whose handle was found valid. */
  ack(delivery: Delivery): void;
  /** Makes ready what is invisible no longer. */
  expire(now: number): void;
  /** When `expire` has something to do next. */
  nextExpiry(): number | undefined;
  /** Takes in a message from elsewhere: the other kind of queue, or the journal. Ascending order of `seq`. */
  accept(delivery: Delivery, now: number): void;
  /** Gives away all that is ready. */
  drainReady(): Delivery[];
}

/** What a queue tells its owner. */
export interface QueueEvents {
  /** The group is done with a message: forget it. */
  finished(delivery: Delivery): void;
  /** Not wanted any more by those who ask: forget it, for ever. */
  unwanted(delivery: Delivery): void;
  /** Delivered as often as is allowed: forget it and count it. */
  dead(delivery: Delivery): void;
  /** An acked message will be delivered again, because one before it in its partition was not acked. */
  unacked(delivery: Delivery): void;
}
