import type { EntityManager } from 'typeorm';
import { systemClock } from '../../core/runtime/system-clock.js';
import { uuidV7 } from '../../core/runtime/uuid-v7.js';
import { MqContext } from '../../nest/mq-context.js';
import { refusing } from './refusing.js';

const TIMEOUT_MS = 30_000;

/**
 * Builds what a handler gets besides the message, for the unit test of one: the first of 16 attempts, 30 seconds to go. A `manager`
 * that is not given says so when it is used.
 *
 * @example
 * const stopped = new AbortController();
 * await handler.handle(message, buildContext({ manager: dataSource.manager, attempt: 3, signal: stopped.signal }));
 */
export function buildContext(
  fields: Partial<Omit<MqContext, 'manager'>> & { readonly manager?: unknown } = {},
): MqContext {
  const { manager, ...others } = fields;
  return new MqContext({
    manager: (manager ?? refusing('buildContext() was given no manager: buildContext({ manager })')) as EntityManager,
    attempt: 1,
    maxAttempts: 16,
    deadline: new Date(systemClock.now() + TIMEOUT_MS),
    signal: new AbortController().signal,
    connection: 'default',
    brokerMessageId: uuidV7(),
    ...others,
  });
}
