import type { ErrorEvidence, MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import type { MqNode } from '../store/node-store.js';
import { explainCopies } from './explain-copies.js';
import { explainParked } from './explain-parked.js';
import type { MqReason, Verdict } from './explanation.js';
import type { GroupOfMessage, Poll } from './groups-of.js';
import { explainPolls } from './explain-polls.js';
import type { Surroundings } from './surroundings.js';
import { at, away, times } from './words.js';

/**
 * What one group has done with a message that the broker has. What it wrote down comes first: its inbox row, then what its
 * processes have in hand, then its failures; what is left is for the broker, and for who polls.
 *
 * @param row the newest one; `null` when the outbox has none
 */
export function explainGroup(
  group: GroupOfMessage,
  row: RowEvidence | null,
  message: MessageEvidence,
  around: Surroundings,
): Verdict {
  const inbox = message.inbox.find(({ groupId }) => groupId === group.groupId);
  const failures = message.errors.filter(
    ({ direction, groupId }) => direction === 'CONSUME' && groupId === group.groupId,
  );
  const parked = failures.findLast((error) => error.parked && isSince(error, row));
  switch (inbox?.state) {
    case 'HANDLED':
      return handled(group, inbox.at, message, around);
    case 'STARTED':
      return halfDone(group, inbox.at, around);
    case 'PARKED':
      return explainParked(group, parked, inbox.at, message, around);
    case undefined:
      break;
  }
  if (parked !== undefined) return explainParked(group, parked, parked.at, message, around);
  return inHand(group, message, around) ?? notHandled(group, row, message, failures.filter(isOpen), around);
}

const isOpen = ({ resolvedAt }: ErrorEvidence): boolean => resolvedAt === null;

/** What was replayed, or decided about before the newest row, belongs to an older one. */
function isSince({ resolvedAt, decision }: ErrorEvidence, row: RowEvidence | null): boolean {
  if (resolvedAt === null) return true;
  return decision !== 'replayed' && (row === null || row.replayOf === null || resolvedAt > row.createdAt);
}

function handled(group: GroupOfMessage, when: number, message: MessageEvidence, around: Surroundings): Verdict {
  const text = `The group ${group.name} has handled it; the attempt began at ${at(when)}, ${away(when, around.now)}.`;
  const because: MqReason[] = [
    { code: 'handled', text, group: group.name, groupId: group.groupId, at: new Date(when) },
  ];
  return { state: 'handled', because: [...because, ...explainCopies(group, message)], next: null };
}

function halfDone({ name, groupId }: GroupOfMessage, when: number, around: Surroundings): Verdict {
  return {
    state: 'half-done',
    because: [
      {
        code: 'half-done',
        text:
          `An attempt of the group ${name} from ${at(when)} (${away(when, around.now)}) was committed before its end: the handler ` +
          'committed in the middle, or a statement did (DDL on MySQL), and then it failed or its process ended.',
        group: name,
        groupId,
        at: new Date(when),
      },
    ],
    next: { at: null, by: 'broker', what: 'delivers it again; it is then parked as MQ_HALF_DONE, and no handler runs' },
    todo: 'Put right by hand what is missing, then replay or discard what is parked; keep such statements out of handlers.',
  };
}

/** A handler runs, or it waits in the memory of a process. */
function inHand(
  { name, polls, groupId }: GroupOfMessage,
  { messageId }: MessageEvidence,
  around: Surroundings,
): Verdict | null {
  const alive = polls.filter(({ node }) => node.alive);
  for (const { node, group } of alive) {
    const seen = `so it said ${away(node.seenAt.getTime(), around.now)}`;
    const running = group.running.find((each) => each.messageId === messageId);
    if (running) {
      const since = byDatabase(node, running.since);
      return {
        state: 'running',
        because: [
          {
            code: 'running',
            text: `A handler of the group ${name} runs on ${node.instance} since ${at(since)}; ${seen}.`,
            group: name,
            groupId,
            instance: node.instance,
            since: new Date(since),
          },
        ],
        next: { at: null, by: node.instance, what: 'commits, or fails, or is cut off at its timeout' },
      };
    }
    const held = group.held.find((each) => each.messageId === messageId);
    if (held) {
      const until = byDatabase(node, held.until);
      return {
        state: 'held-in-memory',
        because: [
          {
            code: 'held-in-memory',
            text: `It failed in the group ${name}, and waits in the memory of ${node.instance} until ${at(until)}; ${seen}.`,
            group: name,
            groupId,
            instance: node.instance,
            until: new Date(until),
          },
        ],
        next: {
          at: new Date(until),
          by: node.instance,
          what: 'runs its handler again; if that process ends first, the broker delivers it when its lease is over',
        },
      };
    }
  }
  return null;
}

function notHandled(
  group: GroupOfMessage,
  row: RowEvidence | null,
  { messageId }: MessageEvidence,
  failures: readonly ErrorEvidence[],
  around: Surroundings,
): Verdict {
  const { name, groupId, polls } = group;
  if (row?.deliverAt && row.deliverAt > around.now) {
    const when = new Date(row.deliverAt);
    const text = `The broker has it and keeps it until ${at(row.deliverAt)}, ${away(row.deliverAt, around.now)}.`;
    return {
      state: 'held-by-broker',
      because: [{ code: 'held-by-broker', text, group: name, groupId, deliverAt: when }],
      next: { at: when, by: 'broker', what: `delivers it to the group ${name}` },
    };
  }
  const failure = failures.at(-1);
  const trouble = explainPolls(group, row, around);
  const last: MqReason[] = failure === undefined ? [] : [failedAttempt(group, failure, failures.length, around)];
  const gone = polls.filter((poll) => !poll.node.alive && hasInHand(poll, messageId));
  const goneReasons = gone.map(({ node }) => processGone(name, node, around));
  if (trouble.state !== 'not-fetched') {
    return { ...trouble, because: [...trouble.because, ...last, ...goneReasons] };
  }
  if (failure !== undefined) {
    const [{ text, ...evidence }] = last as [MqReason];
    return {
      state: 'waits-for-redelivery',
      because: [{ ...evidence, code: 'waits-for-redelivery', text }, ...goneReasons, ...trouble.because.slice(1)],
      next: {
        at: null,
        by: 'broker',
        what: `delivers it to the group ${name} again, when the delay that it was told is over or the lease ends; the tables cannot tell when that is`,
      },
    };
  }
  if (!group.inbox) {
    const text = `The group ${name} keeps no inbox, so the tables cannot tell whether it has handled the message.`;
    return {
      state: 'no-inbox',
      because: [{ code: 'no-inbox', text, group: name, groupId }, ...goneReasons],
      next: null,
    };
  }
  return { ...trouble, because: [...trouble.because, ...goneReasons] };
}

function hasInHand({ group: { running, held } }: Poll, messageId: string): boolean {
  return [...running, ...held].some((each) => each.messageId === messageId);
}

function failedAttempt(
  { name, groupId }: GroupOfMessage,
  { attempt, code, message, instance, at: when }: ErrorEvidence,
  recorded: number,
  around: Surroundings,
): MqReason {
  return {
    code: 'last-failure',
    text:
      `Attempt ${attempt} of the group ${name} failed on ${instance} at ${at(when)}, ${away(when, around.now)} ` +
      `(${code}: ${message}); ${times(recorded, 'failure')} recorded.`,
    group: name,
    groupId,
    attempt,
    failure: code,
    at: new Date(when),
  };
}

function processGone(name: string, node: MqNode, around: Surroundings): MqReason {
  return {
    code: 'process-gone',
    text:
      `${node.instance} had it for the group ${name}, and is gone: it was seen last ${away(node.seenAt.getTime(), around.now)}. ` +
      'The broker delivers it again when the lease of that delivery ends.',
    instance: node.instance,
    seenAt: node.seenAt,
  };
}

/** An instant of a process's clock, on that of the database. */
function byDatabase({ clockOffsetMs }: MqNode, instant: string): number {
  return Date.parse(instant) - clockOffsetMs;
}
