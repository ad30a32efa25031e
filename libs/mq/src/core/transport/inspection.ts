import type { TransportError } from './transport-error.js';

/** What an ordered, a delayed and any other message is to a broker whose topics take one type of message. */
export type MessageKind = 'normal' | 'ordered' | 'delayed';

/** What a broker said of topics and groups. Lists are in the order of the request. */
export interface Inspection {
  readonly topics: readonly TopicInspection[];
  readonly subscriptions: readonly SubscriptionInspection[];
  /** What cannot be asked of this broker, a sentence each: what nobody looked at must not pass for sound. */
  readonly untold: readonly string[];
}

export interface TopicInspection {
  /** What speaks against the topic, as it would against a message for it; `null` when nothing does. */
  readonly error: TransportError | null;
  /** Which messages it takes; `null` when the broker does not tell. */
  readonly takes: readonly MessageKind[] | null;
}

export interface SubscriptionInspection {
  /** What speaks against reading this topic for this group; `null` when nothing does. */
  readonly error: TransportError | null;
  /** Deliveries after which the broker gives a message of this group up; `null` when it does not tell. */
  readonly maxDeliveries: number | null;
  /** Whether the group keeps the order of messages; `null` when the broker does not tell, or it depends on the topic alone. */
  readonly ordered: boolean | null;
}
