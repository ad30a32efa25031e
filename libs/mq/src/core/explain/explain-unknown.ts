import { uuidV7Time } from '../runtime/uuid-v7-time.js';
import type { MessageEvidence } from '../store/evidence-store.js';
import type { MqReason, Verdict } from './explanation.js';
import type { Surroundings } from './surroundings.js';
import { at, away, span } from './words.js';

const IDS_OF_OTHERS = /^(broker:|sha256:|.+\/)/;

/** A message without a row in the outbox. @param groups what groups say of it, if any has written anything */
export function explainNothing(message: MessageEvidence, groups: Verdict | null, around: Surroundings): Verdict {
  const age = idTime(message, around);
  if (groups !== null) return { ...groups, because: [...groups.because, noRow(message, around), ...age] };
  const { errors, actions } = message;
  const traces = [...errors.map((error) => error.at), ...actions.map((action) => action.at)];
  if (traces.length > 0) {
    const last = Math.max(...traces);
    const text = `Its row is gone, as finished ones are when retention.sent ${length(around)} is over; the last trace of it is of ${at(last)}.`;
    const done: MqReason[] = actions.map((action) => ({
      code: 'action',
      text: `${action.actor}: ${action.action} at ${at(action.at)}: ${action.reason}`,
    }));
    return { state: 'pruned', because: [{ code: 'pruned', text, last: new Date(last) }, ...done, ...age], next: null };
  }
  return {
    state: 'unknown',
    because: [
      {
        code: 'unknown',
        text:
          `No row has ${JSON.stringify(message.messageId)} as its id or key: it was never published into these tables, its transaction ` +
          'was rolled back or is still open, or it was pruned.',
      },
      ...age,
    ],
    next: null,
  };
}

function noRow({ messageId }: MessageEvidence, around: Surroundings): MqReason {
  const foreign = IDS_OF_OTHERS.test(messageId) || uuidV7Time(messageId) === null;
  const text = foreign
    ? 'The outbox has no row of it: another producer has sent it.'
    : `The outbox has no row of it: it was pruned (retention.sent ${length(around)}), or published into other tables.`;
  return { code: 'no-row', text };
}

/** The clock of the process that made the id, which may differ. */
function idTime({ messageId }: MessageEvidence, around: Surroundings): MqReason[] {
  const made = uuidV7Time(messageId);
  if (made === null) return [];
  const { sentMs } = around.settings.retention;
  const age = around.now - made;
  const over =
    sentMs === null
      ? 'retention.sent is false here, so nothing is pruned'
      : age > sentMs
        ? `retention.sent ${length(around)} has passed, so it may have been pruned`
        : `retention.sent ${length(around)} has not passed, so it was not pruned unless its process keeps less`;
  return [
    {
      code: 'id-time',
      text: `The id is a UUIDv7 that was made at ${at(made)}, ${away(made, around.now)}: ${over}.`,
      madeAt: new Date(made),
      mayBePruned: sentMs !== null && age > sentMs,
    },
  ];
}

function length({ settings: { retention } }: Surroundings): string {
  return retention.sentMs === null ? '= false' : `= ${span(retention.sentMs)}`;
}
