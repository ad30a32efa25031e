import type { DiscoveryService } from '@nestjs/core';
import { MqError } from '../../core/errors/mq-error.js';
import type { MqEventName } from '../../core/events/event-map.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { type ListenerMetadata, listenersOf } from '../decorators/on-mq-event.decorator.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { classNameOf, levelsOf } from './decorations-of.js';
import { isMadeAnew, prototypeOf, type Wrapper } from './handler-instance.js';

/** A method under `@OnMqEvent`. */
export interface FoundListener {
  readonly event: MqEventName;
  readonly connection: string;
  /** For error messages. */
  readonly name: string;
  readonly instance: object;
  readonly member: string | symbol;
}

/**
 * Finds what `@OnMqEvent` decorates among all providers and controllers. One instance that is provided several times listens once.
 * @throws {MqError} `MQ_HANDLER_INVALID` for a class of which there is no instance that could listen
 */
export function exploreListeners(discovery: DiscoveryService): FoundListener[] {
  const instances = new Set<unknown>();
  return [...discovery.getProviders(), ...discovery.getControllers()].flatMap((wrapper) => {
    const prototype = wrapper.isAlias ? null : prototypeOf(wrapper);
    if (prototype === null) return [];
    const said = [...listenersOn(prototype)];
    if (said.length === 0 || instances.has(wrapper.instance)) return [];
    instances.add(wrapper.instance);
    return said.flatMap(([member, list]) => list.map((metadata) => found(wrapper, prototype, member, metadata)));
  });
}

function found(
  wrapper: Wrapper,
  prototype: object,
  member: string | symbol,
  { event, connection = DEFAULT_CONNECTION }: ListenerMetadata,
): FoundListener {
  const name = `${classNameOf(prototype)}.${String(member)}`;
  if (isMadeAnew(wrapper)) {
    throw new MqError(
      'MQ_HANDLER_INVALID',
      `${name} listens to '${event}', but ${classNameOf(prototype)} is made anew for each request or use (Scope.REQUEST, Scope.TRANSIENT, or a ` +
        'dependency of such a scope), so there is no instance that could listen. Move the method to a provider that is made once.',
      { details: { handler: name, event } },
    );
  }
  const instance = wrapper.instance as object;
  if (typeof readProperty(instance, member) !== 'function') {
    throw new MqError('MQ_HANDLER_INVALID', `${name} is to listen to '${event}', and is no method.`, {
      details: { handler: name, event },
    });
  }
  return { event, connection, name, instance, member };
}

/** Of a class and what it inherits; what the class says itself about a method counts alone. */
function listenersOn(prototype: object): Map<string | symbol, readonly ListenerMetadata[]> {
  const all = new Map<string | symbol, readonly ListenerMetadata[]>();
  for (const level of levelsOf(prototype)) {
    for (const [member, list] of listenersOf(level)) if (!all.has(member)) all.set(member, list);
  }
  return all;
}
