import type { MqEventMap, MqEventName } from './event-map.js';

type Listener<E extends MqEventName> = (event: MqEventMap[E]) => void;
type AnyListener = <E extends MqEventName>(name: E, event: MqEventMap[E]) => void;

/**
 * Synchronous, typed, and deaf to its listeners' mistakes: a listener that throws changes nothing for the code that
 * emitted, nor for the other listeners. (Node's EventEmitter would throw into the relay.)
 */
export class MqEvents {
  private readonly byName = new Map<MqEventName, Set<(event: never) => void>>();
  private readonly all = new Set<AnyListener>();

  /** Returns the function that unsubscribes. */
  on<E extends MqEventName>(name: E, listener: Listener<E>): () => void {
    const listeners = this.byName.get(name) ?? new Set();
    this.byName.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  onAny(listener: AnyListener): () => void {
    this.all.add(listener);
    return () => this.all.delete(listener);
  }

  emit<E extends MqEventName>(name: E, event: MqEventMap[E]): void {
    for (const listener of this.byName.get(name) ?? []) isolate(() => (listener as Listener<E>)(event));
    for (const listener of this.all) isolate(() => listener(name, event));
  }
}

function isolate(call: () => unknown): void {
  try {
    const result = call();
    // An async function fits the type of a listener too; its rejection must not end the process.
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    // The listener's own problem; there is nobody here to tell it to.
  }
}
