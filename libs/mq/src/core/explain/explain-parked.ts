import type { ErrorEvidence, MessageEvidence } from '../store/evidence-store.js';
import { explainCopies } from './explain-copies.js';
import type { MqReason, Verdict } from './explanation.js';
import type { GroupOfMessage } from './groups-of.js';
import type { Surroundings } from './surroundings.js';
import { at, away } from './words.js';

/** A delivery that a group gave up, decided about or not. @param error the row that documents it; its retention may be over */
export function explainParked(
  group: GroupOfMessage,
  error: ErrorEvidence | undefined,
  when: number,
  message: MessageEvidence,
  around: Surroundings,
): Verdict {
  const { name, groupId } = group;
  const copies = explainCopies(group, message);
  if (error !== undefined && error.resolvedAt !== null) {
    return {
      state: 'discarded',
      because: [
        {
          code: 'discarded',
          text:
            `The group ${name} had parked it (${error.code}: ${error.message}), and ${error.resolvedBy} discarded it at ` +
            `${at(error.resolvedAt)}: ${error.resolution}`,
          group: name,
          groupId,
          by: error.resolvedBy,
          reason: error.resolution,
          at: new Date(error.resolvedAt),
        },
        ...copies,
      ],
      next: null,
    };
  }
  const why = error === undefined ? '' : ` in attempt ${error.attempt} (${error.code}: ${error.message})`;
  const id = error?.id ?? null;
  return {
    state: 'parked',
    because: [
      {
        code: 'parked',
        text: `The group ${name} parked it at ${at(when)}, ${away(when, around.now)}${why}.`,
        group: name,
        groupId,
        id,
        failure: error?.code ?? null,
        errorClass: error?.errorClass ?? null,
        at: new Date(when),
      },
      ...(error === undefined ? [] : likeReasons(error, around)),
      ...copies,
    ],
    next: { at: null, by: 'operator', what: 'replays or discards it; it stays until then' },
    todo: `Mend the cause, then replay ${id ?? 'it'}; or discard it.`,
  };
}

/** How many failed in the same way, and what people did about them. */
export function likeReasons(error: ErrorEvidence, around: Surroundings): MqReason[] {
  const like = around.like(error);
  if (like === undefined) return [];
  const { open, decided, last } = like;
  const others = open - 1;
  const where = error.group === null ? `topic ${error.topicAlias}` : `${error.topicAlias}/${error.group}`;
  const past =
    last === null
      ? 'nobody has decided about one like it yet'
      : `${decided} like it were decided about, the last by ${last.by} at ${at(last.at)}: ${last.resolution}`;
  return [
    {
      code: 'like',
      text: `${others <= 0 ? 'No other' : others === 1 ? '1 other' : `${others} others`} of ${where} with ${error.code} ${others === 1 ? 'waits' : 'wait'} for a decision; ${past}.`,
      failure: error.code,
      open,
      decided,
    },
  ];
}
