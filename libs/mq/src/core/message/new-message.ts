import type { Duration } from '../runtime/duration.js';

/** A message to publish. */
export interface NewMessage<T = unknown> {
  payload: T;
  /** What consumers filter by, without the environment's suffix. */
  tag?: string;
  /** What people look the message up by. Default: its id. */
  key?: string | number | bigint;
  headers?: Record<string, string>;
  /** When the broker shall deliver. Not together with `delay`. */
  deliverAt?: Date;
  /** How long after this call the broker shall deliver, on the database's clock; for `sendDirect()` on this process's. Not together with `deliverAt`. */
  delay?: Duration;
  /** Messages with the same one reach the broker in the order of their commits. Needs a topic with `ordered: true`. */
  orderingKey?: string | number | bigint;
  /**
   * What the messages of one chain have in common. Default: in a handler that of the message being handled, else what
   * `publish.correlationId` answers, else the id of this message, which then begins a chain.
   */
  correlationId?: string;
}

/** A message of a topic with a schema for each tag: the tag decides about the payload. */
export interface TaggedMessage<Tag, T> extends Omit<NewMessage<T>, 'tag'> {
  tag: Tag;
}

/** Every field that a message may have. */
export const MESSAGE_FIELDS = [
  'payload',
  'tag',
  'key',
  'headers',
  'deliverAt',
  'delay',
  'orderingKey',
  'correlationId',
] as const satisfies readonly (keyof NewMessage)[];
