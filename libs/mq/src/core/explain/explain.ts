import type { Evidence, MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import { explainGroups } from './explain-delivery.js';
import { explainRow } from './explain-row.js';
import { explainNothing } from './explain-unknown.js';
import type { MqExplanation, MqReason, Verdict } from './explanation.js';
import { groupsOf } from './groups-of.js';
import { type Settings, Surroundings } from './surroundings.js';
import { together } from './together.js';
import { at } from './words.js';

/**
 * Says of each message where it is, why, and what happens next. Pure: all that it says stands in the evidence, and where the
 * tables cannot tell, it says that.
 */
export function explain(evidence: Evidence, settings: Settings): MqExplanation[] {
  const around = new Surroundings(evidence, settings);
  return evidence.messages.map((message) => ({
    messageId: message.messageId,
    ...explainMessage(message, around),
  }));
}

function explainMessage(message: MessageEvidence, around: Surroundings): Verdict {
  const rows = currentRows(message).filter((row) => !isTakenOver(row, message, around));
  const verdicts = rows.map((row) => withReplay(row, message, explainRow(row, message, around)));
  return together(verdicts) ?? withoutRow(message, around);
}

/**
 * The rows that decide: the newest that is for all groups, and the newest for each group that a replay was made for. Not a dead
 * one that was replayed.
 */
function currentRows({ rows, errors }: MessageEvidence): RowEvidence[] {
  const newest = new Map<string | null, RowEvidence>();
  for (const row of rows) newest.set(row.targetGroup, row);
  const last = rows.at(-1);
  const isOpen = (row: RowEvidence): boolean =>
    errors.some(({ parked, of, resolvedAt }) => parked && of === row.id && resolvedAt === null);
  return [...newest.values()].filter((row) => row === last || row.status !== 'DEAD' || isOpen(row));
}

/** Each group of this row has a replay of its own, which says what becomes of the message there. */
function isTakenOver(row: RowEvidence, message: MessageEvidence, around: Surroundings): boolean {
  const isForAll = row.status === 'SENT' && row.targetGroup === null;
  const hasOthers = message.rows.some(({ targetGroup }) => targetGroup !== null);
  return isForAll && hasOthers && groupsOf(row, message, around).length === 0;
}

/** Of a replay: who asked for it, and why. */
function withReplay(row: RowEvidence, { errors, messageId }: MessageEvidence, verdict: Verdict): Verdict {
  if (row.replayOf === null) return verdict;
  const asked = errors.findLast(({ resolvedAt }) => resolvedAt !== null && resolvedAt <= row.createdAt + 1_000);
  const who = asked ? `, by ${asked.resolvedBy}: ${asked.resolution}` : '';
  const replay: MqReason = {
    code: 'replay',
    text: `The row ${row.id} replays ${messageId} since ${at(row.createdAt)}${who}.`,
    rowId: row.id,
    at: new Date(row.createdAt),
  };
  return { ...verdict, because: [...verdict.because, replay] };
}

function withoutRow(message: MessageEvidence, around: Surroundings): Verdict {
  return explainNothing(message, explainGroups(null, message, around), around);
}
