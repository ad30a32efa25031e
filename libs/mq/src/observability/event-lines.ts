import { describeShortLease } from '../core/consumer/lease/short-lease.js';
import { describeRelease } from '../core/consumer/state/starved-messages.js';
import type { MqEventMap, MqEventName } from '../core/events/event-map.js';
import { describeOrphans, describeSharer } from '../core/relay/orphan-watch.js';
import { countOf } from '../core/runtime/count-of.js';
import { inWords } from '../core/runtime/in-words.js';
import { failureFields, namedMessage } from './failure-fields.js';
import type { MqLogEvent } from './log-events.js';
import type { MqLogFields } from './log-line.js';

export interface EventLine<E extends MqEventName> {
  readonly text: (event: MqEventMap[E]) => string;
  /** Fields besides those that the event has itself. */
  readonly fields?: (event: MqEventMap[E]) => Omit<Partial<MqLogFields>, 'event'>;
  /** Names the cause, for events of which many can come at once. */
  readonly cause?: (event: MqEventMap[E]) => string;
  /** Lines of one cause that are written within a minute before it is summed up. Default 1. */
  readonly atOnce?: number;
  /** Events that another line tells already, or that nobody needs to read. */
  readonly leftOut?: (event: MqEventMap[E]) => boolean;
}

/** Failures of single messages: each has an id that somebody may look for, and a thousand of one kind are no news. */
const AT_ONCE = 10;
const REPLAY = 'Replay it once the cause is gone: mq errors replay, or MqAdminService.';

/** Errors are whole sentences, or not. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** One line for each event that an operator should read. Success lines are written if they are asked for. */
export const EVENT_LINES: { readonly [E in MqEventName & MqLogEvent]?: EventLine<E> } = {
  'message.sent': {
    text: (e) => `${e.topic}#${e.messageId} sent (attempt ${e.attempt}, broker id ${e.brokerMessageId})`,
  },
  'message.rescheduled': {
    text: (e) =>
      `${e.topic}#${e.messageId} was not sent (${e.counted ? `attempt ${e.attempt}` : 'not counted as an attempt'}), ` +
      `again in ${inWords(e.delayMs)}: ${e.error.message}`,
    cause: (e) => `${e.topic} ${e.error.code}`,
    atOnce: AT_ONCE,
  },
  'message.parked': {
    text: (e) =>
      `${e.topic}#${e.messageId} was parked after ${countOf(e.attempt, 'attempt')}: ${sentence(e.error.message)} ${REPLAY}`,
  },
  'lease.lost': {
    text: (e) => `the lease of ${e.messageId} was lost before its ${e.during}; another process sends it again`,
    cause: (e) => e.during,
    atOnce: AT_ONCE,
  },
  'commit.vanished': {
    text: (e) =>
      `${countOf(e.swallowed, 'message')} ${e.swallowed === 1 ? 'was' : 'were'} not sent: the database had rolled back the ` +
      'transaction that reported a commit. An SQL error was caught inside of it: let it out, or put a savepoint around what may fail',
    fields: (e) => ({ count: e.swallowed }),
    leftOut: (e) => e.swallowed === 0,
    cause: () => '',
    atOnce: AT_ONCE,
  },
  'loop.failed': {
    text: (e) => `${e.loop} failed and goes on: ${e.error.message}`,
    fields: (e) => failureFields(e.error),
    cause: (e) => `${e.loop} ${e.error.code}`,
  },
  'pause.changed': {
    text: (e) =>
      e.paused ? `${e.target} is paused by ${e.actor}: ${e.reason}` : `${e.target} goes on: ${e.reason} (${e.actor})`,
  },
  'consumer.stopped': { text: (e) => `${e.topic}/${e.group} stopped` },
  'delivery.handled': {
    text: (e) => `${e.topic}/${e.group}#${e.messageId} handled in ${inWords(e.durationMs)} (attempt ${e.attempt})`,
  },
  'delivery.failed': {
    text: (e) =>
      `${e.topic}/${e.group}#${e.messageId} failed (attempt ${e.attempt}), ` +
      `${e.retryInMs === null ? 'the broker delivers it again' : `again in ${inWords(e.retryInMs)}`}: ${namedMessage(e.error)}`,
    // The first attempt says where; the further ones of the same message would say it again.
    fields: (e) => {
      const { errorClass, stack } = failureFields(e.error);
      return e.attempt === 1 ? { errorClass, stack } : { errorClass };
    },
    cause: (e) => `${e.topic}/${e.group} ${e.error.code} ${failureFields(e.error).errorClass}`,
    atOnce: AT_ONCE,
  },
  'delivery.unbatched': {
    text: (e) =>
      `a batch of ${e.batch} of ${e.topic}/${e.group} failed and was rolled back; its messages are handled one by one: ${namedMessage(e.error!)}`,
    fields: (e) => failureFields(e.error!),
    cause: (e) => `${e.topic}/${e.group} ${e.error!.code} ${failureFields(e.error!).errorClass}`,
    // Nothing is wrong with these; of the database another line tells.
    leftOut: (e) => e.reason !== 'failed',
  },
  'delivery.parked': {
    text: (e) =>
      `${e.topic}/${e.group}#${e.messageId} was parked in attempt ${e.attempt}: ${sentence(namedMessage(e.error))} ${REPLAY}`,
    fields: (e) => failureFields(e.error),
  },
  'delivery.discarded': {
    text: (e) => `${e.topic}/${e.group}#${e.messageId} was discarded in attempt ${e.attempt}: ${e.reason}`,
    cause: (e) => `${e.topic}/${e.group}`,
    atOnce: AT_ONCE,
  },
  'delivery.duplicate': {
    text: (e) => `${e.topic}/${e.group}#${e.messageId} came again and was acknowledged without running its handler`,
  },
  'delivery.skipped': {
    text: (e) => `${e.topic}/${e.group}#${e.messageId} was acknowledged without running a handler: ${e.reason}`,
  },
  'delivery.released': {
    text: (e) => `${e.topic}/${e.group}#${e.messageId} was left to the broker: ${e.reason}`,
    // The line about the database says so for all of them.
    leftOut: (e) => e.reason === 'database',
  },
  'delivery.starved': {
    text: (e) =>
      `${e.topic}/${e.group}#${e.messageId} was delivered ${countOf(e.times, 'time')} and left to the broker each time, last because: ` +
      describeRelease(e.reason),
    fields: (e) => ({ count: e.times }),
    cause: (e) => `${e.topic}/${e.group} ${e.reason}`,
  },
  'message.unordered': {
    text: (e) =>
      `topic '${e.topic}' is ordered, and a message without orderingKey was published to it: it may overtake all others. ` +
      'Give it the key of what it belongs to, or leave it so if order does not matter to it',
  },
  'lease.short': { text: describeShortLease },
  'handler.stuck': {
    text: (e) =>
      `a handler of ${e.topic}/${e.group} did not come back after its timeout (message ${e.messageId}); it can no longer write ` +
      'through its manager, and only a restart of the process ends it',
  },
  'handler.unstuck': {
    text: (e) => `a handler of ${e.topic}/${e.group} came back long after its timeout (message ${e.messageId})`,
  },
  'ack.failed': {
    text: (e) =>
      `${countOf(e.count, 'acknowledgement')} of ${e.topic}/${e.group} did not arrive (${e.settlement}); the inbox absorbs the copies`,
    fields: (e) => ({ count: e.count }),
    cause: (e) => `${e.topic}/${e.group} ${e.settlement}`,
  },
  'listener.failed': {
    text: (e) => `${e.listener}, which listens to ${e.to}, failed: ${namedMessage(e.error)}`,
    fields: (e) => failureFields(e.error),
    cause: (e) => `${e.listener} ${e.error.code} ${failureFields(e.error).errorClass}`,
  },
  'rows.orphaned': { text: describeOrphans, fields: (e) => ({ waiting: e.waiting }) },
  'tables.shared': { text: describeSharer },
  'rows.pruned': { text: (e) => `pruned ${countOf(e.count, 'row')} (${e.table})`, fields: (e) => ({ count: e.count }) },
};
