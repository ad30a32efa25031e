import { callDetached } from '../runtime/user-code.js';
import type { MqEventMap, MqEventName } from './event-map.js';

type Listener<E extends MqEventName> = (event: MqEventMap[E]) => void;
type AnyListener = <E extends MqEventName>(name: E, event: MqEventMap[E]) => void;

/**
 * Typed event bus that calls its listeners at once. A listener that throws, or whose promise is rejected, changes nothing
 * for the code that emitted, nor for the other listeners. (Node's EventEmitter would throw into the relay.)
 */
export class MqEvents {
  /** Lists are replaced and never changed, so an emit ends also when its listeners subscribe further ones. */
  private readonly byName = new Map<MqEventName, readonly ((event: never) => void)[]>();
  private all: readonly AnyListener[] = [];

  /** Returns the function that unsubscribes. */
  on<E extends MqEventName>(name: E, listener: Listener<E>): () => void {
    const others = (): readonly ((event: never) => void)[] => without(this.byName.get(name) ?? [], listener);
    this.byName.set(name, [...others(), listener]);
    return () => void this.byName.set(name, others());
  }

  onAny(listener: AnyListener): () => void {
    this.all = [...without(this.all, listener), listener];
    return () => void (this.all = without(this.all, listener));
  }

  emit<E extends MqEventName>(name: E, event: MqEventMap[E]): void {
    for (const listener of this.byName.get(name) ?? []) callDetached(() => (listener as Listener<E>)(event));
    for (const listener of this.all) callDetached(() => listener(name, event));
  }
}

function without<T>(list: readonly T[], one: T): readonly T[] {
  return list.filter((other) => other !== one);
}
