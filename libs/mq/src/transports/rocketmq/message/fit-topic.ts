import type { OutboundMessage } from '../../../core/transport/transport.js';
import type { MessageType } from '../protocol/generated.js';
import { messageType } from './outbound.js';

/** In the past for whatever the broker's clock says; ours may be ahead of it, and the message would wait for that long. */
const LONG_AGO = Date.UTC(2000);

/**
 * The message as its topic takes it, `null` when it does not take such a message at all.
 *
 * A topic takes one type. A message that asks for nothing (a replay, an unordered one among ordered ones) can still go
 * anywhere: among delayed ones its time has come, among ordered ones it is the only one of its key. The other way round
 * a wish would be dropped, so those are refused.
 *
 * @param soleKey an ordering key that no other message has
 */
export function fitTopic(
  message: OutboundMessage,
  takes: (type: MessageType) => boolean,
  soleKey: string,
): OutboundMessage | null {
  const type = messageType(message);
  if (takes(type)) return message;
  if (type !== 'NORMAL') return null;
  if (takes('DELAY')) return { ...message, deliverAt: LONG_AGO };
  return takes('FIFO') ? { ...message, orderingKey: soleKey } : null;
}
