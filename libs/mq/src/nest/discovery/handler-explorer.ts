import type { DiscoveryService } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { GlobalEnhancer } from '../../core/config/options.js';
import { Problems } from '../../core/config/problems.js';
import { configError } from '../../core/config/resolve-options.js';
import { type BatchPolicy, resolveBatch } from '../../core/consumer/handlers/batch-policy.js';
import type { DeliveryContext } from '../../core/consumer/handlers/handler.js';
import { MqError } from '../../core/errors/mq-error.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { disown } from '../../core/runtime/user-code.js';
import { decoratedMembers } from '../enhancers/bound-params.js';
import { callerOf } from '../enhancers/handler-caller.js';
import { withMqContext } from '../current-mq-context.js';
import { MqContext } from '../mq-context.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { classNameOf, type Decoration, decorationsOf } from './decorations-of.js';
import type { FoundHandler } from './found-handler.js';
import { isMadeAnew, prototypeOf, type Wrapper } from './handler-instance.js';

/**
 * Finds what `@MqConsumer` decorates among all providers and controllers of the application.
 *
 * A class that is provided in several modules, or under several tokens, is one handler: aliases (`useExisting`) are
 * skipped, and the registry merges what has the same class. Only what is decorated is read, so no other getter is called.
 */
export class HandlerExplorer {
  /** @param globals which of the application's own enhancers its handlers have */
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly globals: readonly GlobalEnhancer[],
  ) {}

  /** @throws {MqError} `MQ_HANDLER_INVALID` when there is nothing to call under a decorator, or no message for it; `MQ_CONFIG_INVALID` for batches that cannot be */
  explore(): FoundHandler[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()].flatMap((wrapper) => {
      const prototype = wrapper.isAlias ? null : prototypeOf(wrapper);
      if (prototype === null) return [];
      const decorations = decorationsOf(prototype, wrapper.metatype);
      refuseUnreached(prototype, decorations);
      return decorations.map((decoration) => register(wrapper, prototype, decoration, this.globals));
    });
  }
}

function register(
  wrapper: Wrapper,
  prototype: object,
  { member, metadata }: Decoration,
  globals: readonly GlobalEnhancer[],
): FoundHandler {
  const name = `${classNameOf(prototype)}.${String(member)}`;
  const known: unknown = isMadeAnew(wrapper) ? prototype : wrapper.instance;
  if (typeof readProperty(known, member) !== 'function') throw nothingToCall(name, metadata.topic, metadata.group);
  const connection = metadata.connection ?? DEFAULT_CONNECTION;
  const batch = batchOf(metadata, name, connection);
  const call = callerOf({ wrapper, prototype, member, batch: batch !== null }, globals);
  return {
    topic: metadata.topic,
    schemas: metadata.schemas,
    group: metadata.group,
    tags: metadata.tags,
    batch,
    connection,
    name,
    owner: prototype,
    invoke: async (input, context) => {
      const given = new MqContext(context satisfies DeliveryContext<EntityManager>);
      try {
        return await withMqContext(given, input, () => call(input, given));
      } catch (error) {
        disown(error);
        throw error;
      }
    },
  };
}

function batchOf({ batch }: Decoration['metadata'], name: string, connection: string): BatchPolicy | null {
  if (batch === undefined) return null;
  const problems = new Problems();
  const policy = resolveBatch(problems, `${name}: batch`, batch);
  if (problems.list.length > 0) throw configError(connection, problems.list);
  return policy;
}

/** A decorated parameter of a method that handles nothing is most often a forgotten `@MqConsumer()`. */
function refuseUnreached(prototype: object, decorations: readonly Decoration[]): void {
  for (const [member, { decorator }] of decoratedMembers(prototype)) {
    if (decorations.some((decoration) => decoration.member === member)) continue;
    const name = `${classNameOf(prototype)}.${String(member)}`;
    throw new MqError(
      'MQ_HANDLER_INVALID',
      `${name} has a parameter with @${decorator}(), and handles no messages. Put @MqConsumer() above it, or remove the decorator.`,
      { details: { handler: name, decorator } },
    );
  }
}

function nothingToCall(name: string, topic: string, group: string): MqError {
  return new MqError(
    'MQ_HANDLER_INVALID',
    `${name} is to handle topic '${topic}' in group '${group}', and is no method. A class under @MqConsumer() needs the ` +
      'method handle(message, context); else put @MqConsumer() above the method that is meant.',
    { details: { handler: name, topic, group } },
  );
}
