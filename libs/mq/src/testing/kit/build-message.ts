import { MqMessage } from '../../core/message/message.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import { uuidV7 } from '../../core/runtime/uuid-v7.js';

/**
 * Builds a message as a handler gets it, for the unit test of one. What is not given has a value that fits: an id of its own, the
 * id as key, no headers.
 *
 * @example
 * await new ReserveStock(stock).handle(buildMessage({ payload: { sku: 'A', quantity: 2 } }), buildContext({ manager }));
 */
export function buildMessage<T>(fields: { readonly payload: T } & Partial<MqMessage<T>>): MqMessage<T> {
  const id = fields.id ?? uuidV7();
  return new MqMessage<T>({
    key: id,
    topic: 'topic',
    group: 'group',
    tag: undefined,
    headers: {},
    orderingKey: undefined,
    correlationId: id,
    causationId: undefined,
    publishedAt: new Date(systemClock.now()),
    ...fields,
    id,
  });
}
