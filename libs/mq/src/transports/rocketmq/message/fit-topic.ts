import { TransportError } from '../../../core/transport/transport-error.js';
import type { OutboundMessage } from '../../../core/transport/transport.js';
import type { MessageType } from '../protocol/generated.js';
import type { Route } from '../routes/route.js';
import { messageType } from './write-message.js';

/** In the past for whatever the broker's clock says; ours may be ahead of it, and the message would wait for that long. */
const LONG_AGO = Date.UTC(2000);
/** What in a message asks for which type of topic. */
const WISH: Partial<Record<MessageType, string>> = {
  DELAY: 'delay and deliverAt need a topic of type DELAY',
  FIFO: 'orderingKey needs a topic of type FIFO',
  NORMAL: 'make the topic one of type NORMAL',
};

/**
 * The message as its topic takes it.
 *
 * A topic takes one type. A message that asks for nothing (a replay, an unordered one among ordered ones) can still go
 * anywhere: among delayed ones its time has come, among ordered ones it is the only one of its key. The other way round
 * a wish would be dropped, so those are refused.
 *
 * @param soleKey an ordering key that no other message has
 * @throws {TransportError} `refused`
 */
export function fitTopic(what: string, message: OutboundMessage, route: Route, soleKey: string): OutboundMessage {
  const type = messageType(message);
  if (route.takes(type)) return message;
  if (type === 'NORMAL' && route.takes('DELAY')) return { ...message, deliverAt: LONG_AGO };
  if (type === 'NORMAL' && route.takes('FIFO')) return { ...message, orderingKey: soleKey };
  throw new TransportError(
    'refused',
    `${what}: the topic takes messages of type ${route.types}, and this is one of type ${type}; ${WISH[type]}`,
  );
}
