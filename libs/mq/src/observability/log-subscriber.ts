import { describeShortLease } from '../core/consumer/short-lease.js';
import { describeRelease } from '../core/consumer/starved-messages.js';
import type { MqEvents } from '../core/events/event-bus.js';
import type { MqEventMap, MqEventName } from '../core/events/event-map.js';
import { describeOrphans, describeSharer } from '../core/relay/orphan-watch.js';
import type { LineLogger } from './line-logger.js';

type Line<E extends MqEventName> = (event: MqEventMap[E]) => string;
type Level = keyof LineLogger;

interface Entry<E extends MqEventName> {
  readonly level: Level;
  readonly line: Line<E>;
  /** What the lines of one cause have in common, for events that come in crowds: one line in `REPEAT_MS` says enough. */
  readonly cause?: Line<E>;
}

const sentence = <E extends MqEventName>(level: Level, line: Line<E>, cause?: Line<E>): Entry<E> => ({
  level,
  line,
  ...(cause && { cause }),
});

/** One sentence for each event that an operator should read. Success lines are off unless asked for. */
const LINES: { [E in MqEventName]?: Entry<E> } = {
  'message.rescheduled': sentence(
    'warn',
    (e) =>
      `${e.topic}#${e.messageId} was not sent (${e.counted ? `attempt ${e.attempt}` : 'not counted as an attempt'}), again in ${e.delayMs} ms: ${e.error.message}`,
  ),
  'message.parked': sentence(
    'error',
    (e) =>
      `${e.topic}#${e.messageId} was parked after ${e.attempt} attempts: ${e.error.message}; replay it with MqAdminService once the cause is gone`,
  ),
  'lease.lost': sentence(
    'warn',
    (e) => `lease of ${e.messageId} was lost before its ${e.during}; another process sends it again`,
  ),
  'commit.vanished': sentence(
    'debug',
    (e) =>
      `${e.count} messages were not sent: the commit was reported, but they are not there (a savepoint, or the whole transaction, was rolled back)`,
  ),
  'circuit.opened': sentence(
    'error',
    (e) => `sending through the ${e.scope} stopped: ${e.error.message}; messages wait in the outbox`,
  ),
  'circuit.closed': sentence('log', (e) => `sending through the ${e.scope} goes on after ${e.openMs} ms`),
  'loop.failed': sentence(
    'error',
    (e) => `${e.loop} failed and goes on: ${e.error.message}`,
    (e) => `${e.loop} ${e.error.message}`,
  ),
  'consumer.stopped': sentence('debug', (e) => `${e.topic}/${e.group} stopped`),
  'delivery.failed': sentence(
    'warn',
    (e) =>
      `${e.topic}/${e.group}#${e.messageId} failed (attempt ${e.attempt}), ${e.retryInMs === null ? 'the broker delivers it again' : `again in ${e.retryInMs} ms`}: ${e.error.message}`,
  ),
  'delivery.parked': sentence(
    'error',
    (e) =>
      `${e.topic}/${e.group}#${e.messageId} was parked in attempt ${e.attempt}: ${e.error.message}; replay it with MqAdminService once the cause is gone`,
  ),
  'delivery.duplicate': sentence(
    'debug',
    (e) => `${e.topic}/${e.group}#${e.messageId} came again and was acknowledged without running its handler`,
  ),
  'delivery.skipped': sentence(
    'debug',
    (e) => `${e.topic}/${e.group}#${e.messageId} was acknowledged without running a handler: ${e.reason}`,
  ),
  'delivery.released': sentence(
    'debug',
    (e) => `${e.topic}/${e.group}#${e.messageId} was left to the broker: ${e.reason}`,
  ),
  'delivery.starved': sentence(
    'warn',
    (e) =>
      `${e.topic}/${e.group}#${e.messageId} was delivered ${e.times} times and left to the broker each time, last because: ${describeRelease(e.reason)}`,
    (e) => `${e.topic}/${e.group} ${e.reason}`,
  ),
  'lease.short': sentence('warn', describeShortLease),
  'handler.stuck': sentence(
    'error',
    (e) =>
      `a handler of ${e.topic}/${e.group} did not come back after its timeout (message ${e.messageId}); it can no longer write through its manager`,
  ),
  'ack.failed': sentence(
    'warn',
    (e) =>
      `${e.count} acknowledgements of ${e.topic}/${e.group} did not arrive (${e.settlement}); the inbox absorbs the copies`,
  ),
  'rows.orphaned': sentence('error', describeOrphans),
  'tables.shared': sentence('error', describeSharer),
  'rows.pruned': sentence('debug', (e) => `pruned ${e.count} rows (${e.table})`),
};

/** An outage of a loop repeats itself every few seconds, and what starves one message starves those beside it. */
const REPEAT_MS = 30_000;

/**
 * Writes log lines for what happens. Never a payload: events carry none.
 * @param now a monotonic clock: with one that is set back, lines would be held back until it has caught up
 * @returns the function that stops it
 */
export function logEvents(
  events: MqEvents,
  logger: LineLogger,
  { produced, consumed, now }: { produced: boolean; consumed: boolean; now: () => number },
): () => void {
  const lines = { ...LINES };
  if (produced)
    lines['message.sent'] = sentence(
      'log',
      (e) => `${e.topic}#${e.messageId} sent (attempt ${e.attempt}, broker id ${e.brokerMessageId})`,
    );
  if (consumed)
    lines['delivery.handled'] = sentence(
      'log',
      (e) => `${e.topic}/${e.group}#${e.messageId} handled in ${e.durationMs} ms (attempt ${e.attempt})`,
    );
  const lastOfCause = new Map<string, number>();

  return events.onAny((name, event) => {
    const entry = lines[name] as
      { level: Level; line: (of: unknown) => string; cause?: (of: unknown) => string } | undefined;
    if (!entry) return;
    const text = entry.line(event);
    if (entry.cause) {
      const cause = `${name} ${entry.cause(event)}`;
      const last = lastOfCause.get(cause);
      if (last !== undefined && now() - last < REPEAT_MS) return;
      // Few different causes, unless an error message holds a counter: then old ones are forgotten.
      if (lastOfCause.size > 100) lastOfCause.clear();
      lastOfCause.set(cause, now());
    }
    logger[entry.level](text);
  });
}
