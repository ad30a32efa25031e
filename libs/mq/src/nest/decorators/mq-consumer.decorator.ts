import 'reflect-metadata';
import type { MqBatchOptions } from '../../core/consumer/handlers/batch-policy.js';
import { MqError } from '../../core/errors/mq-error.js';
import { aliasOf, type MqTopicRef, schemasOf, type TagOf, type TopicSchemas } from '../../core/message/topic.js';

const KEY = 'nestjs-reliable-mq:consumer';

export interface MqConsumerOptions<Tag extends string = string> {
  /** Tags that this handler takes. Default: all that no other handler of the group names. */
  tags?: Tag | Tag[];
  /**
   * Calls the handler with up to `size` messages (`MqMessage[]`), gathered within `wait`, in one transaction. If it fails, each of them comes
   * again alone, as a list of one. Not on ordered topics. Default: one message after another.
   */
  batch?: MqBatchOptions;
  /** Default `'default'`. */
  connection?: string;
}

export interface ConsumerMetadata {
  readonly topic: string;
  readonly schemas: TopicSchemas | null;
  readonly group: string;
  readonly tags: readonly string[] | null;
  /** As it was written. */
  readonly batch: MqBatchOptions | undefined;
  readonly connection: string | undefined;
}

/** A class whose instances can handle messages. */
type HandlerClass = abstract new (...args: never[]) => { handle(...args: never[]): unknown };

interface MqConsumerDecorator {
  (target: HandlerClass): void;
  (target: object, propertyKey: string | symbol, descriptor: PropertyDescriptor): void;
}

/**
 * Makes a class with `handle(message, context)`, or a method, the handler of what a consumer group gets from a topic. Both are
 * aliases of the configuration, where everything else about consuming is set; or the topic is one of {@link defineTopic}, whose schemas then
 * decide what a payload is. May be used several times on one target. Classes and
 * methods inherit it.
 *
 * @throws {MqError} `MQ_HANDLER_INVALID` above a static method
 *
 * @example
 * @MqConsumer('orders', 'stock', { tags: 'created' })
 * export class ReserveStock implements MqHandler<OrderCreated> {
 *   async handle(message: MqMessage<OrderCreated>, { manager }: MqContext) { ... }
 * }
 */
export function MqConsumer<const T extends MqTopicRef>(
  topic: T,
  group: string,
  options: MqConsumerOptions<TagOf<T>> = {},
): MqConsumerDecorator {
  const tags = options.tags === undefined ? null : Array.isArray(options.tags) ? options.tags : [options.tags];
  const schemas = schemasOf(topic);
  const { batch, connection } = options;
  const metadata: ConsumerMetadata = { topic: aliasOf(topic), schemas, group, tags, batch, connection };
  return (target: object, member?: unknown): void => {
    if (isName(member)) decorateMember(target, member, metadata);
    else Reflect.defineMetadata(KEY, [...consumersOf(target), metadata], target);
  };
}

type Members = ReadonlyMap<string | symbol, readonly ConsumerMetadata[]>;

/** What `@MqConsumer` said about this class itself. */
export function consumersOf(target: object): readonly ConsumerMetadata[] {
  return (Reflect.getOwnMetadata(KEY, target) as ConsumerMetadata[] | undefined) ?? [];
}

/**
 * What `@MqConsumer` said about the methods of this prototype itself. Kept under the name of the method: the function may be
 * replaced by any decorator that comes later, and what was said about it would go with it.
 */
export function membersOf(prototype: object): Members {
  return (Reflect.getOwnMetadata(KEY, prototype) as Members | undefined) ?? new Map();
}

function decorateMember(prototype: object, member: string | symbol, metadata: ConsumerMetadata): void {
  if (typeof prototype === 'function') {
    throw new MqError(
      'MQ_HANDLER_INVALID',
      `${prototype.name}.${String(member)} is static, and @MqConsumer() wants a method of the instance, which has the dependencies.`,
      { details: { topic: metadata.topic, group: metadata.group } },
    );
  }
  const members = new Map(membersOf(prototype));
  Reflect.defineMetadata(KEY, members.set(member, [...(members.get(member) ?? []), metadata]), prototype);
}

const isName = (member: unknown): member is string | symbol => typeof member === 'string' || typeof member === 'symbol';
