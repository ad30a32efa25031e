import { TransportError } from '../../../core/transport/transport-error.js';
import type { SendReceipt } from '../../../core/transport/transport.js';
import type { SendMessageResponseReceived } from '../protocol/generated.js';
import { isOk, refusal } from '../refusal.js';

/**
 * The receipt of a message. Only an `OK` for this very message, with an id, is one.
 *
 * @throws {TransportError}
 */
export function readReceipt(what: string, { status, entries }: SendMessageResponseReceived): SendReceipt {
  const [entry] = entries;
  if (!entry || !isOk(entry.status)) throw refusal(what, entry?.status ?? status);
  if (!isOk(status) && status?.code !== 'MULTIPLE_RESULTS') throw refusal(what, status);
  if (entry.messageId === '') throw new TransportError('unknown', `${what}: the broker answered OK without an id`);
  return { brokerMessageId: entry.messageId };
}
