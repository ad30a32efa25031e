import type { Settlement } from '../../../core/transport/transport.js';
import type { StatusReceived, UnaryCalls } from '../protocol/generated.js';
import { isOk, refusal } from '../refusal.js';
import type { DeliveryHandle } from './read-message.js';

/** What became of each handle of an acknowledgement: servers name the handle, or the message alone, or say one thing for all. */
export function readSettlements(
  { status, entries }: UnaryCalls['ackMessage']['response'],
  handles: readonly DeliveryHandle[],
): Settlement[] {
  if (entries.length === 0) return handles.map(() => settlementOf(status));
  const byHandle = new Map(entries.map((entry) => [entry.receiptHandle, entry.status]));
  const byId = new Map(entries.map((entry) => [entry.messageId, entry.status]));
  return handles.map(({ receiptHandle, messageId }) =>
    settlementOf(byHandle.get(receiptHandle) ?? byId.get(messageId)),
  );
}

/** What one status says of one delivery. */
export function settlementOf(status: StatusReceived | null | undefined): Settlement {
  if (isOk(status)) return 'done';
  return refusal('settlement', status).kind === 'lease-lost' ? 'lease-lost' : 'unknown';
}
