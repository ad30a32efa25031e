import { ContextIdFactory, type DiscoveryService, type MetadataScanner, type ModuleRef } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { DeliveryContext, RegisteredHandler } from '../../core/consumer/handler.js';
import type { MqMessage } from '../../core/message/message.js';
import { disown } from '../../core/runtime/user-code.js';
import { type ConsumerMetadata, consumersOf } from '../decorators/mq-consumer.decorator.js';
import { MqContext } from '../mq-context.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { outcomeOf } from './outcome-of.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Method = (message: MqMessage, context: MqContext) => unknown;

/** A handler, and the connection that it asked for. */
export interface FoundHandler extends RegisteredHandler<EntityManager> {
  readonly connection: string;
}

/**
 * Finds what `@MqConsumer` decorates among all providers and controllers of the application.
 *
 * A class that is provided in several modules, or under several tokens, is one handler: aliases (`useExisting`) are
 * skipped, and the registry merges what has the same method. Getters are never called, because metadata is read from
 * the prototypes. A method that overrides a decorated one inherits its decoration.
 */
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly moduleRef: ModuleRef,
  ) {}

  explore(): FoundHandler[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()].flatMap((wrapper) =>
      this.inWrapper(wrapper),
    );
  }

  private inWrapper(wrapper: Wrapper): FoundHandler[] {
    const prototype = prototypeOf(wrapper);
    if (wrapper.isAlias || prototype === null) return [];
    const owner = prototype.constructor;
    const onClass = consumersOf(owner).map((metadata) => this.register(wrapper, owner, 'handle', metadata));
    const onMethods = this.scanner
      .getAllMethodNames(prototype)
      .flatMap((name) => inherited(prototype, name).map((metadata) => this.register(wrapper, owner, name, metadata)));
    return [...onClass, ...onMethods];
  }

  private register(
    wrapper: Wrapper,
    owner: { name: string; prototype?: unknown },
    method: string,
    metadata: ConsumerMetadata,
  ): FoundHandler {
    const prototype = owner.prototype as Record<string, Method>;
    return {
      topic: metadata.topic,
      group: metadata.group,
      tags: metadata.tags,
      connection: metadata.connection ?? DEFAULT_CONNECTION,
      name: `${owner.name}.${method}`,
      method: prototype[method],
      invoke: async (message, context) => {
        const instance = (await this.instanceFor(wrapper, message)) as Record<string, Method>;
        const given = new MqContext(context satisfies DeliveryContext<EntityManager>);
        try {
          return await outcomeOf(instance[method]!(message, given), context.signal);
        } catch (error) {
          disown(error);
          throw error;
        }
      },
    };
  }

  /** The one instance, or for a request-scoped handler a new one for each delivery, with the message as its `REQUEST`. */
  private async instanceFor(wrapper: Wrapper, message: MqMessage): Promise<unknown> {
    if (wrapper.isDependencyTreeStatic()) return wrapper.instance as unknown;
    const contextId = ContextIdFactory.create();
    this.moduleRef.registerRequestByContextId(message, contextId);
    return this.moduleRef.resolve(wrapper.token as never, contextId, { strict: false });
  }
}

function prototypeOf(wrapper: Wrapper): (object & { constructor: { name: string } }) | null {
  const instance = wrapper.instance as object | null | undefined;
  if (instance === null || instance === undefined || typeof instance !== 'object') return null;
  return Object.getPrototypeOf(instance) as (object & { constructor: { name: string } }) | null;
}

/** Decorations of a method, or of the nearest method that it overrides. */
function inherited(prototype: object, name: string): readonly ConsumerMetadata[] {
  for (
    let level: object | null = prototype;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    const method: unknown = Object.getOwnPropertyDescriptor(level, name)?.value;
    if (typeof method !== 'function') continue;
    const found = consumersOf(method);
    if (found.length > 0) return found;
  }
  return [];
}
