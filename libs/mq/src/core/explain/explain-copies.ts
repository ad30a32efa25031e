import type { MessageEvidence } from '../store/evidence-store.js';
import type { MqReason } from './explanation.js';
import type { GroupOfMessage } from './groups-of.js';
import { at, times } from './words.js';

const WHY = {
  redelivered: 'the broker delivered it again, because an acknowledgement was lost or came too late',
  'sent-twice': 'it was sent more than once, because a sender could not know or write down that the broker had it',
  replayed: 'it was replayed, and this group had handled it before',
} as const;

/** Why copies came, and that they did no harm. */
export function explainCopies({ name, groupId }: GroupOfMessage, { copies }: MessageEvidence): MqReason[] {
  return copies
    .filter((copy) => copy.groupId === groupId)
    .map(({ reason, copies: count, lastAt }) => ({
      code: 'copies',
      text:
        `${times(count, 'copy', 'copies')} came to the group ${name}, the last at ${at(lastAt)}: ${WHY[reason]}. ` +
        'The inbox knew the message, so no handler ran, and nothing happened twice.',
      group: name,
      groupId,
      reason,
      copies: count,
    }));
}
