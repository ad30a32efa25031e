import { TransportError } from '../../../core/transport/transport-error.js';
import type { SendReceipt } from '../../../core/transport/transport.js';
import type { SendMessageResponseReceived } from '../protocol/generated.js';
import { isOk, refusal } from '../refusal.js';

/**
 * What became of each message of a request, in its order.
 *
 * Apache's proxy stores a list as a whole or not at all, and answers with one entry for it, whose id is that of the batch in
 * the broker (5.5.0). Nobody ever sees that id again: each message is delivered under the one that we gave it, which is
 * therefore its receipt. A server that answers an entry for each message is believed for each.
 *
 * @throws {TransportError} what became of all of them
 */
export function readReceipts(
  what: string,
  answer: SendMessageResponseReceived,
  sent: readonly { readonly messageId: string }[],
): (SendReceipt | TransportError)[] {
  const { status, entries } = answer;
  if (sent.length > 1 && entries.length === sent.length)
    return entries.map((entry) => outcomeOf(what, { status, entries: [entry] }));
  if (sent.length > 1 && entries.length > 1) {
    const told = `${entries.length} results for ${sent.length} messages`;
    throw new TransportError('unknown', `${what}: the broker answered ${told}`, { answered: true });
  }
  const receipt = readReceipt(what, answer);
  return sent.length === 1 ? [receipt] : sent.map(({ messageId }) => ({ brokerMessageId: messageId }));
}

function outcomeOf(what: string, answer: SendMessageResponseReceived): SendReceipt | TransportError {
  try {
    return readReceipt(what, answer);
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
}

/** Only an `OK` for this very message, or list, with an id, is one. */
function readReceipt(what: string, { status, entries }: SendMessageResponseReceived): SendReceipt {
  const [entry] = entries;
  if (!entry || !isOk(entry.status)) throw refusal(what, entry?.status ?? status);
  if (!isOk(status) && status?.code !== 'MULTIPLE_RESULTS') throw refusal(what, status);
  if (entry.messageId === '') throw new TransportError('unknown', `${what}: the broker answered OK without an id`);
  return { brokerMessageId: entry.messageId };
}
