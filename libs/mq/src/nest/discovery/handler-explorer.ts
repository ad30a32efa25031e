import type { DiscoveryService } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { DeliveryContext, RegisteredHandler } from '../../core/consumer/handler.js';
import { MqError } from '../../core/errors/mq-error.js';
import { readProperty } from '../../core/errors/read-property.js';
import type { MqMessage } from '../../core/message/message.js';
import { disown } from '../../core/runtime/user-code.js';
import { MqContext } from '../mq-context.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { classNameOf, type Decoration, decorationsOf } from './decorations-of.js';
import { instanceFor, isMadeAnew, prototypeOf, type Wrapper } from './handler-instance.js';
import { outcomeOf } from './outcome-of.js';

type Method = (message: MqMessage, context: MqContext) => unknown;

/** A handler, and the connection that it asked for. */
export interface FoundHandler extends RegisteredHandler<EntityManager> {
  readonly connection: string;
}

/**
 * Finds what `@MqConsumer` decorates among all providers and controllers of the application.
 *
 * A class that is provided in several modules, or under several tokens, is one handler: aliases (`useExisting`) are
 * skipped, and the registry merges what has the same class. Only what is decorated is read, so no other getter is called.
 */
export class HandlerExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws {MqError} `MQ_HANDLER_INVALID` when there is nothing to call under a decorator */
  explore(): FoundHandler[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()].flatMap((wrapper) => {
      const prototype = wrapper.isAlias ? null : prototypeOf(wrapper);
      if (prototype === null) return [];
      return decorationsOf(prototype, wrapper.metatype).map((decoration) => register(wrapper, prototype, decoration));
    });
  }
}

function register(wrapper: Wrapper, prototype: object, { member, metadata }: Decoration): FoundHandler {
  const name = `${classNameOf(prototype)}.${String(member)}`;
  const known: unknown = isMadeAnew(wrapper) ? prototype : wrapper.instance;
  if (typeof readProperty(known, member) !== 'function') throw nothingToCall(name, metadata.topic, metadata.group);
  return {
    topic: metadata.topic,
    group: metadata.group,
    tags: metadata.tags,
    connection: metadata.connection ?? DEFAULT_CONNECTION,
    name,
    owner: prototype,
    invoke: async (message, context) => {
      const instance = (await instanceFor(wrapper, message)) as Record<string | symbol, Method>;
      const given = new MqContext(context satisfies DeliveryContext<EntityManager>);
      try {
        return await outcomeOf(instance[member]!(message, given), context.signal);
      } catch (error) {
        disown(error);
        throw error;
      }
    },
  };
}

function nothingToCall(name: string, topic: string, group: string): MqError {
  return new MqError(
    'MQ_HANDLER_INVALID',
    `${name} is to handle topic '${topic}' in group '${group}', and is no method. A class under @MqConsumer() needs the ` +
      'method handle(message, context); else put @MqConsumer() above the method that is meant.',
    { details: { handler: name, topic, group } },
  );
}
