import type { MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import { explainGroup } from './explain-group.js';
import type { Verdict } from './explanation.js';
import { groupsOf } from './groups-of.js';
import type { Surroundings } from './surroundings.js';
import { together } from './together.js';
import { foreseenTrouble } from './sending-trouble.js';
import { at, away } from './words.js';

/** What the groups of a message say, put together; `null` when no group is known. */
export function explainGroups(row: RowEvidence | null, message: MessageEvidence, around: Surroundings): Verdict | null {
  const verdicts = groupsOf(row, message, around).map((group) => explainGroup(group, row, message, around));
  return together(verdicts);
}

export function explainSent(row: RowEvidence, message: MessageEvidence, around: Surroundings): Verdict {
  const groups = explainGroups(row, message, around);
  if (groups !== null) return groups;
  const when = row.doneAt ?? row.updatedAt;
  return {
    state: 'sent',
    because: [
      {
        code: 'sent',
        text:
          `The broker took it at ${at(when)}, ${away(when, around.now)}, as ${row.brokerMessageId ?? 'unknown'}. No group that ` +
          `these tables know reads the topic ${row.topic}; what other applications do with it they cannot tell.`,
        at: new Date(when),
        brokerMessageId: row.brokerMessageId,
      },
    ],
    next: null,
  };
}

/** The broker has it, and the row is not finished before its group has handled it. */
export function explainAccepted(row: RowEvidence, message: MessageEvidence, around: Surroundings): Verdict {
  const { settleGroup, dueAt } = row;
  const groups = explainGroups(row, message, around);
  const ends = dueAt! > around.now;
  const trouble = foreseenTrouble(row, around);
  const todos = [groups?.todo, trouble.todo].filter((each) => each !== undefined).join(' ');
  return {
    state: 'awaits-its-group',
    because: [
      {
        code: 'awaits-its-group',
        text:
          `The broker has it since ${at(row.updatedAt)}, and the group ${settleGroup} has not settled it; ` +
          `it may be silent until ${at(dueAt!)}, ${away(dueAt!, around.now)}.`,
        group: settleGroup,
        until: new Date(dueAt!),
      },
      ...(groups?.because ?? []),
      {
        code: 'silent-group',
        text:
          `${ends ? 'When that time is over' : 'Now'} it is sent again, at the price of one of ${row.maxAttempts} attempts ` +
          `(${row.failedCount} used); if the group has it by then, its inbox absorbs the copy.`,
        failedCount: row.failedCount,
        maxAttempts: row.maxAttempts,
      },
      ...trouble.because,
    ],
    next: groups?.next ?? {
      at: new Date(dueAt!),
      by: 'relay',
      what: `sends it again, unless the group ${settleGroup} has handled it by then`,
    },
    ...(todos === '' ? {} : { todo: todos }),
  };
}
