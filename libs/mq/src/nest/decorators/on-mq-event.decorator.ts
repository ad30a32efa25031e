import 'reflect-metadata';
import { MqError } from '../../core/errors/mq-error.js';
import type { MqEventMap, MqEventName } from '../../core/events/event-map.js';

const KEY = 'nestjs-reliable-mq:listeners';

export interface OnMqEventOptions {
  /** Whose events. Default `'default'`. */
  connection?: string;
}

export interface ListenerMetadata {
  readonly event: MqEventName;
  readonly connection: string | undefined;
}

type Listeners = ReadonlyMap<string | symbol, readonly ListenerMetadata[]>;
type Listens<E extends MqEventName> = (event: MqEventMap[E]) => unknown;

/**
 * Lets a method of a provider or controller hear of what happens: {@link MqEventMap} has the events and what they carry. May be used several
 * times on one method. Methods inherit it.
 *
 * It is called when the event happens, and not waited for. What it throws, or rejects with, is logged and counted (`listener.failed`), and disturbs
 * nobody.
 *
 * @throws {MqError} `MQ_HANDLER_INVALID` above a static method
 *
 * @example
 * @OnMqEvent('delivery.parked')
 * tell({ group, messageId, error }: MqEventMap['delivery.parked']) { … }
 */
export function OnMqEvent<E extends MqEventName>(
  event: E,
  { connection }: OnMqEventOptions = {},
): <T extends Listens<E>>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<T>) => void {
  return (target, member) => {
    if (typeof target === 'function') {
      throw new MqError(
        'MQ_HANDLER_INVALID',
        `${target.name}.${String(member)} is static, and @OnMqEvent() wants a method of the instance, which has the dependencies.`,
        { details: { handler: `${target.name}.${String(member)}`, event } },
      );
    }
    const listeners = new Map(listenersOf(target));
    listeners.set(member, [...(listeners.get(member) ?? []), { event, connection }]);
    Reflect.defineMetadata(KEY, listeners, target);
  };
}

/** What `@OnMqEvent` said about the methods of this prototype itself. */
export function listenersOf(prototype: object): Listeners {
  return (Reflect.getOwnMetadata(KEY, prototype) as Listeners | undefined) ?? new Map();
}
