import { AsyncLocalStorage } from 'node:async_hooks';
import type { MqContext } from './mq-context.js';

/** Shared by all copies of the library in a process: a service may import the CommonJS one, and the module be the ES one. */
const CONTEXTS = Symbol.for('nestjs-reliable-mq.contexts');
const shared = globalThis as { [CONTEXTS]?: AsyncLocalStorage<MqContext> };
const contexts = (shared[CONTEXTS] ??= new AsyncLocalStorage());

/**
 * The delivery that is being handled, for code that a handler calls and that gets no parameters of it; `undefined` outside of handlers.
 *
 * @example
 * const manager = currentMqContext()?.manager ?? this.dataSource.manager;
 */
export function currentMqContext(): MqContext | undefined {
  return contexts.getStore();
}

/** Calls a handler so that what it calls finds its context. */
export function withMqContext<T>(context: MqContext, handle: () => T): T {
  return contexts.run(context, handle);
}
