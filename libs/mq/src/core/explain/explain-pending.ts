import type { AheadEvidence, MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import type { MqReason, Verdict } from './explanation.js';
import { foreseenTrouble, sendingTrouble } from './sending-trouble.js';
import type { Surroundings } from './surroundings.js';
import { at, away, span, times } from './words.js';

/** A relay that idles polls every 5 s unless configured otherwise; what has been due for this long was not merely between two polls. */
const OVERDUE_MS = 60_000;
/** Within this a sweep wakes what sleeps for no reason. */
const SWEEP_MS = 90_000;

type ExplainHead = (row: RowEvidence, message: MessageEvidence, around: Surroundings) => Verdict;

/** A row that waits. Asked in the order of what holds it up longest: its key, a pause, its time, whoever should send it. */
export function explainPending(
  row: RowEvidence,
  { ahead, errors }: MessageEvidence,
  around: Surroundings,
  explainHead: ExplainHead,
): Verdict {
  if (ahead !== null) return behind(row, ahead, around, explainHead);
  const pause = around.pauseOf(`topic:${row.topicAlias}`, row.connection);
  if (pause) {
    return {
      state: 'topic-paused',
      because: [
        {
          code: 'topic-paused',
          text:
            `The topic ${row.topicAlias} was paused by ${pause.actor} at ${at(pause.since)}` +
            `${pause.until === null ? '' : ` until ${at(pause.until)}`}: ${pause.reason}`,
          actor: pause.actor,
          reason: pause.reason,
          since: new Date(pause.since),
          until: pause.until === null ? null : new Date(pause.until),
        },
      ],
      next:
        pause.until === null
          ? null
          : { at: new Date(pause.until), by: 'relay', what: 'sends it when the pause ends by itself' },
      ...(pause.until === null ? { todo: `Resume topic:${row.topicAlias} once its reason is gone.` } : {}),
    };
  }
  const failure = lastFailure(row, errors, around.now);
  if (row.dueAt! > around.now) return notDue(row, failure, around);
  const trouble = sendingTrouble(row, around);
  if (trouble !== null) return { ...trouble, because: [...trouble.because, ...failure] };
  if (row.errorCode === 'MQ_OUTCOME_UNKNOWN') return unknownOutcome(row, around);
  return due(row, failure, around);
}

function notDue(row: RowEvidence, failure: readonly MqReason[], around: Surroundings): Verdict {
  const dueAt = row.dueAt!;
  const next = { at: new Date(dueAt), by: 'relay', what: 'sends it' };
  const { because, todo } = foreseenTrouble(row, around);
  const more = todo === undefined ? {} : { todo };
  if (row.deferred) {
    const text = 'Nothing of its ordering key goes before it any more; whoever sent that ended before waking it.';
    return {
      state: 'waits-to-be-woken',
      because: [{ code: 'waits-to-be-woken', text, dueAt: new Date(dueAt) }, ...because],
      next: {
        at: new Date(Math.min(dueAt, around.now + SWEEP_MS)),
        by: 'relay',
        what: 'wakes it with its sweep over all ordering keys, once a minute or so, and sends it',
      },
      ...more,
    };
  }
  if (row.errorCode === 'MQ_OUTCOME_UNKNOWN') return unknownOutcome(row, around);
  // What a circuit holds up is put back for a second again and again: the circuit says more than its due time.
  const trouble = sendingTrouble(row, around);
  if (failure.length > 0 && trouble !== null) return { ...trouble, because: [...trouble.because, ...failure] };
  if (failure.length > 0) {
    const [{ text, ...evidence }] = failure as [MqReason];
    const state = 'waits-to-be-tried-again';
    return { state, because: [{ ...evidence, code: state, text }, ...refusingBrokers(row, around), ...because], next };
  }
  const deliver = row.deliverAt === null ? '' : `, for delivery at ${at(row.deliverAt)}`;
  const text = `It is due at ${at(dueAt)}, ${away(dueAt, around.now)}${deliver}.`;
  const deliverAt = row.deliverAt === null ? null : new Date(row.deliverAt);
  return {
    state: 'waits-for-its-time',
    because: [{ code: 'waits-for-its-time', text, dueAt: new Date(dueAt), deliverAt }, ...because],
    next,
    ...more,
  };
}

function due(row: RowEvidence, failure: readonly MqReason[], around: Surroundings): Verdict {
  const dueAt = row.dueAt!;
  const claimers = around.claimers(row).map(({ instance }) => instance);
  const overdue = around.now - dueAt > OVERDUE_MS;
  const state = overdue ? 'overdue' : 'due';
  const text = `It has been due for ${span(around.now - dueAt)}; ${claimers.join(', ')} can send it.`;
  return {
    state,
    because: [{ code: state, text, dueAt: new Date(dueAt), claimers }, ...failure, ...refusingBrokers(row, around)],
    next: { at: null, by: 'relay', what: 'takes it at its next poll, oldest first' },
    ...(overdue
      ? {
          todo:
            'The tables cannot tell why it was not taken. Look at how many messages are overdue (counts), and at the log of ' +
            `${claimers.join(', ')}: a relay with too much to do takes the oldest first.`,
        }
      : {}),
  };
}

function unknownOutcome(row: RowEvidence, around: Surroundings): Verdict {
  const { because, todo } = foreseenTrouble(row, around);
  return {
    state: 'outcome-unknown',
    because: [
      {
        code: 'outcome-unknown',
        text:
          `An attempt ended without an answer of the broker (${row.error ?? 'MQ_OUTCOME_UNKNOWN'}), ` +
          `so it may have arrived; ${row.failedCount} of ${row.maxAttempts} attempts that count have failed.`,
        failedCount: row.failedCount,
        maxAttempts: row.maxAttempts,
      },
      ...refusingBrokers(row, around),
      ...because,
    ],
    next: {
      at: new Date(row.dueAt!),
      by: 'relay',
      what: 'sends it again; if it had arrived, the inbox of each group absorbs the copy',
    },
    ...(todo === undefined ? {} : { todo }),
  };
}

function behind(row: RowEvidence, ahead: AheadEvidence, around: Surroundings, explainHead: ExplainHead): Verdict {
  const { head, headId, count } = ahead;
  const first = head.rows.find(({ id }) => id === headId)!;
  const theirs = explainHead(first, head, around);
  const dead = first.status === 'DEAD';
  const state = dead ? 'blocked-by-dead' : 'waits-behind-older';
  const many = count >= 1_000 ? '1,000 or more messages' : times(count, 'message');
  const text =
    `${many} of the ordering key ${row.orderingKey} ${count === 1 ? 'goes' : 'go'} before it. The first is ${headId}, ` +
    (dead
      ? `dead since ${at(first.doneAt ?? first.updatedAt)}.`
      : `published at ${at(first.createdAt)}: ${theirs.state}.`);
  const what = dead
    ? `decides about ${headId}; then the next of the key goes`
    : `${theirs.next?.what ?? 'nothing'} (${headId}); then the key goes on, one after another`;
  return {
    state,
    because: [
      { code: state, text, orderingKey: row.orderingKey, head: headId, before: count },
      ...theirs.because.map((reason): MqReason => ({ ...reason, code: 'head', of: reason.code, text: reason.text })),
    ],
    next:
      theirs.next === null && !dead ? null : { at: theirs.next?.at ?? null, by: theirs.next?.by ?? 'operator', what },
    ...(theirs.todo === undefined ? {} : { todo: theirs.todo }),
  };
}

/** Of several brokers behind one connection some take nothing: a message of theirs waits longer each time. */
function refusingBrokers(row: RowEvidence, around: Surroundings): MqReason[] {
  return around.claimers(row).flatMap(({ instance, state }) =>
    state.circuits
      .filter(({ scope }) => scope.startsWith('broker '))
      .map(({ scope, code, message }) => ({
        code: 'circuit' as const,
        text: `${instance} finds that ${scope} takes nothing (${code}: ${message}); messages without an ordering key go around it.`,
        instance,
        scope,
      })),
  );
}

/** Error rows tell when; a failure that cost nothing leaves its trace in the row alone. */
function lastFailure(row: RowEvidence, errors: MessageEvidence['errors'], now: number): MqReason[] {
  if (row.errorCode === null) return [];
  const recorded = errors.findLast(({ direction, of }) => direction === 'PRODUCE' && of === row.id);
  const when = recorded === undefined ? '' : ` ${away(recorded.at, now)}`;
  return [
    {
      code: 'last-failure',
      text:
        `The last attempt failed${when} (${row.errorCode}: ${row.error ?? ''}); ` +
        `${row.failedCount} of ${row.maxAttempts} attempts that count have failed.`,
      failure: row.errorCode,
      failedCount: row.failedCount,
      maxAttempts: row.maxAttempts,
    },
  ];
}
