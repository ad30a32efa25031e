import type { ErrorEvidence, MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import { likeReasons } from './explain-parked.js';
import type { MqReason, Verdict } from './explanation.js';
import type { Surroundings } from './surroundings.js';
import { at, away } from './words.js';

/** A dead row: nobody has decided, or it was discarded, or replayed by a row that is gone. (With a newer row, that one is explained.) */
export function explainDead(row: RowEvidence, message: MessageEvidence, around: Surroundings): Verdict {
  const causes = message.errors.filter((error) => isCause(error, row));
  const open = causes.findLast(({ resolvedAt }) => resolvedAt === null);
  const decided = causes.findLast(({ resolvedAt }) => resolvedAt !== null);
  if (open === undefined && decided !== undefined) return decidedAbout(decided, around);
  const when = row.doneAt ?? row.updatedAt;
  const who = open?.direction === 'CONSUME' ? `the group ${open.group} gave it up` : 'it could not be sent';
  const holds: MqReason[] = row.holdsKey
    ? [
        {
          code: 'holds-key',
          text: `Younger messages of the ordering key ${row.orderingKey} wait behind it.`,
          orderingKey: row.orderingKey,
        },
      ]
    : [];
  return {
    state: 'dead',
    because: [
      {
        code: 'dead',
        text:
          `It is dead since ${at(when)}, ${away(when, around.now)}: ${who} (${row.errorCode}: ${row.error}), ` +
          `after ${row.failedCount} of ${row.maxAttempts} attempts that count.`,
        id: row.id,
        failure: row.errorCode,
        errorClass: open?.errorClass ?? null,
        at: new Date(when),
      },
      ...holds,
      ...(open === undefined ? [] : likeReasons(open, around)),
    ],
    next: { at: null, by: 'operator', what: 'replays or discards it; it stays until then' },
    todo: `Mend the cause, then replay ${row.id}; or discard it.`,
  };
}

/** By the relay, which knows rows, or by the group that its topic settles on, which knows the message. */
function isCause({ of, direction, parked, group }: ErrorEvidence, { id, settleGroup }: RowEvidence): boolean {
  return parked && (direction === 'PRODUCE' ? of === id : group === settleGroup);
}

function decidedAbout(
  { code, message, resolution, resolvedBy, resolvedAt, decision }: ErrorEvidence,
  around: Surroundings,
): Verdict {
  const when = resolvedAt!;
  const state = decision ?? 'discarded';
  const rest =
    decision === 'replayed'
      ? ' The row of the replay is gone: its retention is over.'
      : decision === null
        ? ' Or replayed it, and that row is gone: an older version has not written down which, and only the reason tells.'
        : '';
  return {
    state,
    because: [
      {
        code: state,
        text:
          `It was dead (${code}: ${message}), and ${resolvedBy} ${state} it at ${at(when)}, ${away(when, around.now)}: ` +
          `${resolution}.${rest}`,
        by: resolvedBy,
        reason: resolution,
        at: new Date(when),
      },
    ],
    next: null,
  };
}

export function explainCancelled(row: RowEvidence, { actions }: MessageEvidence): Verdict {
  const when = row.doneAt ?? row.updatedAt;
  const action = actions.findLast(({ action: name, ids }) => name === 'cancel' && ids.includes(row.id));
  const mayHaveLeft = row.startedCount > 0 || row.errorCode === 'MQ_OUTCOME_UNKNOWN';
  const doubt: MqReason[] = mayHaveLeft
    ? [
        {
          code: 'may-have-left',
          text: 'An attempt to send it had begun and ended without an answer, so consumers may see it all the same.',
          startedCount: row.startedCount,
        },
      ]
    : [];
  return {
    state: 'cancelled',
    because: [
      {
        code: 'cancelled',
        text: `${action?.actor ?? 'Somebody'} cancelled it at ${at(when)}: ${row.error ?? ''}`,
        actor: action?.actor ?? null,
        reason: row.error,
        at: new Date(when),
        mayHaveLeft,
      },
      ...doubt,
    ],
    next: null,
  };
}
