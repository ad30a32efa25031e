import type { OutboxStatus } from '../store/outbox-row.js';
import type { CausedEvidence, Evidence, ErrorEvidence, MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import { type Settings, Surroundings } from './surroundings.js';
import { groupsOf } from './groups-of.js';
import { at, times } from './words.js';

/** What has happened to one message so far, in the outbox, at the broker as far as it is known, and in every group. */
export interface MqTimeline {
  readonly messageId: string;
  readonly key: string;
  /** Alias; empty where no table says it. */
  readonly topic: string;
  /** What the messages of its chain have in common; its own id where it is the first of them, or no table says more. */
  readonly correlationId: string;
  /** The message whose handler published it; `null` when none did. */
  readonly causationId: string | null;
  /** What its handlers have published, oldest first: a hundred of it at most. */
  readonly caused: readonly MqCausedMessage[];
  /** Oldest first. */
  readonly entries: readonly MqTimelineEntry[];
}

/** A message that was published by the handler of another one. */
export interface MqCausedMessage {
  readonly messageId: string;
  readonly key: string;
  /** Alias. */
  readonly topic: string;
  /** Of its row. */
  readonly status: OutboxStatus;
  readonly at: Date;
}

export interface MqTimelineEntry {
  /** By the database's clock. */
  readonly at: Date;
  readonly what: TimelineEvent;
  /** One line. */
  readonly text: string;
  readonly group?: string;
  /** Process that wrote it. */
  readonly instance?: string;
  /** Of the error. */
  readonly code?: string;
}

export type TimelineEvent =
  | 'published'
  | 'caused'
  | 'attempt-failed'
  | 'sending'
  | 'accepted'
  | 'sent'
  | 'dead'
  | 'cancelled'
  | 'handled'
  | 'half-done'
  | 'parked'
  | 'copy'
  | 'replayed'
  | 'discarded'
  | 'decided'
  | 'action';

/** Pure: one timeline for each message, from what the tables say of it. */
export function timelines(evidence: Evidence, settings: Settings): MqTimeline[] {
  const around = new Surroundings(evidence, settings);
  return evidence.messages.map((message) => {
    const { messageId, rows, errors, caused } = message;
    const known = [...rows, ...errors];
    const entries = [
      ...rows.flatMap((row) => ofRow(row, message)),
      ...errors.flatMap(ofError),
      ...ofGroups(message, around),
      ...ofActions(message),
      ...caused.map(ofCaused),
    ];
    return {
      messageId,
      key: rows[0]?.key ?? errors.find(({ key }) => key !== null)?.key ?? messageId,
      topic: rows[0]?.topicAlias ?? errors.find(({ topicAlias }) => topicAlias !== null)?.topicAlias ?? '',
      correlationId: known.find((each) => each.correlationId !== null)?.correlationId ?? messageId,
      causationId: known.find((each) => each.causationId !== null)?.causationId ?? null,
      caused: caused.map(({ at: when, topicAlias, ...each }) => ({ ...each, topic: topicAlias, at: new Date(when) })),
      entries: entries.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    };
  });
}

function ofRow(row: RowEvidence, { errors }: MessageEvidence): MqTimelineEntry[] {
  const entries: MqTimelineEntry[] = [];
  const add = (when: number, what: TimelineEvent, text: string, more: Partial<MqTimelineEntry> = {}): void =>
    void entries.push({ at: new Date(when), what, text, ...more });
  const trace = row.traceparent === null ? '' : `, trace ${row.traceparent.split('-')[1] ?? row.traceparent}`;
  const deliver = row.deliverAt === null ? '' : `, for delivery at ${at(row.deliverAt)}`;
  const tag = row.tag === null ? '' : `, tag ${row.tag}`;
  if (row.replayOf === null) {
    const cause = row.causationId === null ? '' : `, by the handler of ${row.causationId}`;
    add(row.createdAt, 'published', `published to ${row.topicAlias}${tag}${deliver}${cause}${trace}`);
  } else {
    const target = row.targetGroup === null ? '' : `, for the group ${row.targetGroup}`;
    add(row.createdAt, 'replayed', `replayed as row ${row.id}${target}`);
  }
  const done = row.doneAt ?? row.updatedAt;
  switch (row.status) {
    case 'PENDING':
      break;
    case 'SENDING':
      add(row.updatedAt, 'sending', `leased until ${at(row.dueAt!)}`, {
        ...(row.leaseOwner && { instance: row.leaseOwner }),
      });
      break;
    case 'ACCEPTED':
      add(
        row.updatedAt,
        'accepted',
        `the broker took it as ${row.brokerMessageId}; waits for the group ${row.settleGroup}`,
      );
      break;
    case 'SENT': {
      const settled = row.settleGroup === null ? '' : `, and the group ${row.settleGroup} has handled it`;
      add(done, 'sent', `the broker took it as ${row.brokerMessageId}${settled}`);
      break;
    }
    case 'DEAD':
      // Else its error row tells.
      if (!errors.some(({ parked, of }) => parked && of === row.id))
        add(done, 'dead', `dead: ${row.errorCode}: ${row.error}`, { ...(row.errorCode && { code: row.errorCode }) });
      break;
    case 'CANCELLED':
      add(done, 'cancelled', `cancelled: ${row.error}`);
  }
  return entries;
}

function ofCaused({ messageId, topicAlias, at: when }: CausedEvidence): MqTimelineEntry {
  return { at: new Date(when), what: 'caused', text: `its handler published ${messageId} to ${topicAlias}` };
}

function ofError(error: ErrorEvidence): MqTimelineEntry[] {
  const { direction, parked, attempt, code, message, instance, group, resolvedAt } = error;
  const who = { instance, code, ...(group === null ? {} : { group }) };
  const what = !parked ? 'attempt-failed' : direction === 'PRODUCE' ? 'dead' : 'parked';
  const text = `${what === 'attempt-failed' ? `attempt ${attempt} failed` : `${what} in attempt ${attempt}`}: ${code}: ${message}`;
  const entries: MqTimelineEntry[] = [{ at: new Date(error.at), what, text, ...who }];
  if (!parked || resolvedAt === null) return entries;
  const replayed = error.decision === 'replayed';
  entries.push({
    at: new Date(resolvedAt),
    what: replayed ? 'decided' : 'discarded',
    text: `${replayed ? 'replay asked for' : 'discarded'} by ${error.resolvedBy}: ${error.resolution}`,
    ...(group === null ? {} : { group }),
  });
  return entries;
}

function ofGroups(message: MessageEvidence, around: Surroundings): MqTimelineEntry[] {
  const names = new Map(groupsOf(null, { ...message, rows: [] }, around).map(({ groupId, name }) => [groupId, name]));
  const inbox = message.inbox.flatMap(({ groupId, state, at: when }): MqTimelineEntry[] => {
    const group = names.get(groupId)!;
    if (state === 'PARKED') return [];
    const text = state === 'HANDLED' ? 'handled; the attempt began then' : 'an attempt was committed before its end';
    return [{ at: new Date(when), what: state === 'HANDLED' ? 'handled' : 'half-done', text, group }];
  });
  const copies = message.copies.map(({ groupId, reason, copies: count, lastAt }): MqTimelineEntry => ({
    at: new Date(lastAt),
    what: 'copy',
    text: `${times(count, 'copy', 'copies')} acknowledged without running a handler, the last then: ${reason}`,
    group: names.get(groupId)!,
  }));
  return [...inbox, ...copies];
}

/** What leaves no other trace in the tables of messages. */
function ofActions({ actions }: MessageEvidence): MqTimelineEntry[] {
  return actions
    .filter(({ action }) => action !== 'replay' && action !== 'discard')
    .map(({ action, actor, reason, at: when }) => ({
      at: new Date(when),
      what: 'action',
      text: `${action} by ${actor}: ${reason}`,
    }));
}
