import { AsyncLocalStorage } from 'node:async_hooks';
import type { MqMessage } from '../core/message/message.js';
import type { Cause } from '../core/publisher/correlation.js';
import type { MqContext } from './mq-context.js';

interface Handling {
  readonly context: MqContext;
  /** What it publishes is caused by this message. `null` in a batch of several, and when the handler has returned. */
  cause: Cause | null;
}

/** Shared by all copies of the library in a process: a service may import the CommonJS one, and the module be the ES one. */
const HANDLINGS = Symbol.for('nestjs-reliable-mq.handlings');
const shared = globalThis as { [HANDLINGS]?: AsyncLocalStorage<Handling> };
const handlings = (shared[HANDLINGS] ??= new AsyncLocalStorage());

/**
 * The delivery that is being handled, for code that a handler calls and that gets no parameters of it; `undefined` outside of handlers.
 *
 * @example
 * const manager = currentMqContext()?.manager ?? this.dataSource.manager;
 */
export function currentMqContext(): MqContext | undefined {
  return handlings.getStore()?.context;
}

/** The message that what is published now is caused by. */
export function currentCause(): Cause | null {
  return handlings.getStore()?.cause ?? null;
}

/**
 * Calls a handler so that what it calls finds its context, and what it publishes its cause. Which of several messages of a batch a
 * publication is about cannot be told, so it has none.
 *
 * The cause ends with the handler: a timer or a connection that was begun in it, and stays, would go on publishing in its name.
 */
export async function withMqContext<T>(
  context: MqContext,
  input: MqMessage | readonly MqMessage[],
  handle: () => T,
): Promise<Awaited<T>> {
  const messages = [input].flat() as MqMessage[];
  const handling: Handling = { context, cause: messages.length === 1 ? messages[0]! : null };
  try {
    return await handlings.run(handling, handle);
  } finally {
    handling.cause = null;
  }
}
