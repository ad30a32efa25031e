import 'reflect-metadata';

const KEY = 'nestjs-reliable-mq:consumer';

export interface MqConsumerOptions {
  /** Tags that this handler takes. Default: all that no other handler of the group names. */
  tags?: string | string[];
  /** Default `'default'`. */
  connection?: string;
}

export interface ConsumerMetadata {
  readonly topic: string;
  readonly group: string;
  readonly tags: readonly string[] | null;
  readonly connection: string | undefined;
}

/** A class whose instances can handle messages. */
type HandlerClass = abstract new (...args: never[]) => { handle(...args: never[]): unknown };

export interface MqConsumerDecorator {
  (target: HandlerClass): void;
  (target: object, propertyKey: string | symbol, descriptor: PropertyDescriptor): void;
}

/**
 * Makes a class with `handle(message, context)`, or a method, the handler of what a consumer group gets from a topic. Both are
 * aliases of the configuration, where everything else about consuming is set. May be used several times on one target.
 *
 * @example
 * @MqConsumer('orders', 'stock', { tags: 'created' })
 * export class ReserveStock implements MqHandler<OrderCreated> {
 *   async handle(message: MqMessage<OrderCreated>, { manager }: MqContext) { ... }
 * }
 */
export function MqConsumer(topic: string, group: string, options: MqConsumerOptions = {}): MqConsumerDecorator {
  const tags = options.tags === undefined ? null : Array.isArray(options.tags) ? options.tags : [options.tags];
  const metadata: ConsumerMetadata = { topic, group, tags, connection: options.connection };
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const owner = descriptor === undefined ? target : (descriptor.value as object);
    Reflect.defineMetadata(KEY, [...consumersOf(owner), metadata], owner);
  };
}

/** What `@MqConsumer` said about a class or a method. */
export function consumersOf(target: object): readonly ConsumerMetadata[] {
  return (Reflect.getOwnMetadata(KEY, target) as ConsumerMetadata[] | undefined) ?? [];
}
