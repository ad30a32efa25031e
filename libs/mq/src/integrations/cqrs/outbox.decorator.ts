import 'reflect-metadata';
import type { MqTopicRef, TagOf } from '../../core/message/topic.js';
import type { Duration } from '../../core/runtime/duration.js';
import { DEFAULT_CONNECTION } from '../../nest/tokens.js';
import { mustBeStaged } from './refuse-unstaged.js';

const KEY = 'nestjs-reliable-mq:outbox';

/** What of the message is not in the payload, each made from the event. */
export interface OutboxOptions<E extends object = object> {
  /** Default: the id of the message. */
  key?: (event: E) => string | number | bigint;
  /** For topics that are `ordered`. */
  orderingKey?: (event: E) => string | number | bigint;
  headers?: (event: E) => Record<string, string>;
  /** Default: the event's own properties, or what its `toJSON()` answers. */
  payload?: (event: E) => unknown;
  /** How long the broker keeps the message before it is delivered. */
  delay?: Duration;
  /** Default `'default'`. */
  connection?: string;
}

/** What `@Outbox` said about a class of events. */
export interface OutboxMetadata extends OutboxOptions {
  readonly topic: MqTopicRef;
  readonly tag: string | undefined;
  readonly connection: string;
}

/**
 * Above a class of events of `@nestjs/cqrs`: whatever publishes such an event also stages a message, in the transaction in which the event is
 * published. May be used several times on one class. Classes inherit it. An application with an
 * `MqModule`, an `EventBus` and without {@link MqCqrsModule} does not start then.
 *
 * @param topic alias, or a topic of `defineTopic()`, whose schemas then check the payload
 *
 * @example
 * @Outbox(Orders, 'created', { key: (event: OrderCreated) => event.id })
 * export class OrderCreated {
 *   constructor(readonly id: string, readonly sku: string) {}
 * }
 */
export function Outbox<const T extends MqTopicRef, E extends object = object>(
  topic: T,
  tag?: TagOf<T>,
  options: OutboxOptions<E> = {},
): (target: abstract new (...args: never[]) => E) => void {
  const metadata = { ...options, topic, tag, connection: options.connection ?? DEFAULT_CONNECTION } as OutboxMetadata;
  return (target) => {
    const own = (Reflect.getOwnMetadata(KEY, target) as OutboxMetadata[] | undefined) ?? [];
    Reflect.defineMetadata(KEY, [...own, metadata], target);
    mustBeStaged(target);
  };
}

/** What stands above the class of this event, or the nearest class above that. */
export function outboxesOf(event: unknown): readonly OutboxMetadata[] {
  const type: unknown = typeof event === 'object' && event !== null ? event.constructor : null;
  return typeof type === 'function' ? ((Reflect.getMetadata(KEY, type) as OutboxMetadata[] | undefined) ?? []) : [];
}
