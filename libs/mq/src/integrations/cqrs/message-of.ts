import type { NewMessage } from '../../core/message/new-message.js';
import type { OutboxMetadata } from './outbox.decorator.js';

/** The message that an event becomes. */
export function messageOf(
  event: object,
  { tag, key, orderingKey, headers, payload, delay }: OutboxMetadata,
): NewMessage {
  return {
    payload: payload ? payload(event) : plain(event),
    ...(tag !== undefined && { tag }),
    ...(key && { key: key(event) }),
    ...(orderingKey && { orderingKey: orderingKey(event) }),
    ...(headers && { headers: headers(event) }),
    ...(delay !== undefined && { delay }),
  };
}

/** What JSON would make of it, as an object that schemas can check: without its class, and without what `@nestjs/cqrs` attaches to it under symbols. */
function plain(event: object): unknown {
  const { toJSON } = event as { toJSON?: unknown };
  return typeof toJSON === 'function' ? toJSON.call(event) : Object.fromEntries(Object.entries(event));
}
