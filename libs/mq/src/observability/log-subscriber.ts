import type { MqEvents } from '../core/events/event-bus.js';
import type { FailureInfo, MqEventMap, MqEventName } from '../core/events/event-map.js';
import type { Clock } from '../core/runtime/clock.js';
import { EVENT_LINES, type EventLine } from './event-lines.js';
import type { LineLogger } from './line-logger.js';
import type { MqLogEvent } from './log-events.js';
import type { MqLogFields } from './log-line.js';
import { causeOfLoop } from './outage-cause.js';
import { Repeats } from './repeats.js';

interface Settings {
  readonly clock: Clock;
  /** A line for each message sent. */
  readonly produced: boolean;
  /** A line for each message handled. */
  readonly consumed: boolean;
  /** Whether a message of this topic waits because of an outage, which has lines of its own. */
  readonly isExplained: (topic: string) => boolean;
}

/**
 * Writes log lines for what happens. Never a payload: events carry none.
 * @returns the function that stops it
 */
export function logEvents(
  events: MqEvents,
  logger: LineLogger,
  { clock, produced, consumed, isExplained }: Settings,
): () => void {
  const repeats = new Repeats(clock);
  const isLeftOut = (name: MqEventName, event: MqEventMap[MqEventName]): boolean => {
    switch (name) {
      case 'message.sent':
        return !produced;
      case 'delivery.handled':
        return !consumed;
      case 'loop.failed':
        // The names of topics do not matter for whether it is one.
        return causeOfLoop(event as MqEventMap['loop.failed'], (alias) => alias) !== null;
      case 'message.rescheduled': {
        // A connection that breaks with the broker leaves a message without an answer, which is counted.
        const { counted, topic, error } = event as MqEventMap['message.rescheduled'];
        return (!counted || error.code === 'MQ_OUTCOME_UNKNOWN') && isExplained(topic);
      }
      case 'ack.failed': {
        const { topic, settlement } = event as MqEventMap['ack.failed'];
        return settlement === 'unknown' && isExplained(topic);
      }
      default:
        return false;
    }
  };

  const off = events.onAny((name, event) => {
    const line = EVENT_LINES[name as keyof typeof EVENT_LINES] as EventLine<MqEventName> | undefined;
    if (!line || isLeftOut(name, event) || line.leftOut?.(event as never)) return;
    const text = line.text(event as never);
    const fields = { ...ownFields(event), ...line.fields?.(event as never) };
    const write = (others: number): void =>
      logger.write(
        name as MqLogEvent,
        others > 0 ? `${text} (the last of ${others + 1} like it within a minute)` : text,
        others > 0 ? { ...fields, suppressed: others } : fields,
      );
    const cause = line.cause?.(event as never);
    if (cause === undefined) write(0);
    else repeats.write(`${name} ${cause}`, line.atOnce ?? 1, write);
  });
  return () => {
    off();
    repeats.stop();
  };
}

/** What an event says under the names that lines have, too. */
function ownFields(event: object): Omit<Partial<MqLogFields>, 'event'> {
  const { messageId, topic, group, attempt, durationMs, error } = event as Partial<MqLogFields> & {
    error?: FailureInfo;
  };
  return { messageId, topic, group, attempt, code: error?.code, durationMs };
}
