import type { MqAlert } from '../core/config/options.js';
import { describeShortLease } from '../core/consumer/lease/short-lease.js';
import { describeRelease } from '../core/consumer/state/starved-messages.js';
import { describeError } from '../core/errors/describe-error.js';
import type { MqEvents } from '../core/events/event-bus.js';
import { describeOrphans, describeSharer } from '../core/relay/orphan-watch.js';
import { oneLine } from '../core/runtime/one-line.js';
import { disown } from '../core/runtime/user-code.js';
import type { LineLogger } from './line-logger.js';

type Cause = Omit<MqAlert, 'connection' | 'suppressed'>;

interface AlertSettings {
  readonly connection: string;
  readonly onAlert: (alert: MqAlert) => void | Promise<void>;
  readonly everyMs: number;
  /** A monotonic clock: with one that can be set back, alerts would be suppressed until it has caught up. */
  readonly now: () => number;
  readonly logger: LineLogger;
}

/**
 * Calls `onAlert` for what needs a person: parked messages, outages, handlers that never came back or never start. For one
 * cause (kind, topic, group and code) at most once in `everyMs`; the next alert says how many were suppressed.
 * @returns the function that stops it
 */
export function alertOn(events: MqEvents, settings: AlertSettings): () => void {
  const last = new Map<string, { at: number; suppressed: number }>();

  const raise = (cause: Cause, scope = ''): void => {
    const key = [cause.kind, cause.topic, cause.group, cause.code, scope].join('\0');
    const before = last.get(key);
    const now = settings.now();
    if (before && now - before.at < settings.everyMs) {
      before.suppressed++;
      return;
    }
    last.set(key, { at: now, suppressed: 0 });
    const alert: MqAlert = {
      ...cause,
      message: oneLine(cause.message),
      connection: settings.connection,
      suppressed: before?.suppressed ?? 0,
    };
    void Promise.resolve()
      .then(() => settings.onAlert(alert))
      .catch((error: unknown) => {
        disown(error);
        settings.logger.write('alert.failed', `onAlert failed: ${describeError(error).message}`);
      });
  };

  const off = [
    events.on('message.parked', ({ topic, messageId, error }) =>
      raise({
        kind: 'message.parked',
        topic,
        code: error.code,
        message: `Message ${messageId} of topic '${topic}' was parked: ${error.message}`,
      }),
    ),
    events.on('delivery.parked', ({ topic, group, messageId, error }) =>
      raise({
        kind: 'delivery.parked',
        topic,
        group,
        code: error.code,
        message: `Group '${group}' parked message ${messageId} of topic '${topic}': ${error.message}`,
      }),
    ),
    events.on('circuit.opened', ({ scope, error }) =>
      raise(
        {
          kind: 'outage',
          code: error.code,
          message: `Sending through the ${scope} stopped: ${error.message}. Messages wait in the outbox.`,
        },
        scope,
      ),
    ),
    events.on('delivery.starved', ({ topic, group, messageId, times, reason }) =>
      raise({
        kind: 'delivery.starved',
        topic,
        group,
        message: `Message ${messageId} of '${topic}'/'${group}' was delivered ${times} times and left to the broker each time: ${describeRelease(reason)}`,
      }),
    ),
    events.on('lease.short', (event) =>
      raise({ kind: 'lease.short', topic: event.topic, group: event.group, message: describeShortLease(event) }),
    ),
    events.on('rows.orphaned', (event) =>
      raise({ kind: 'rows.orphaned', topic: event.topic, message: describeOrphans(event) }, event.broker),
    ),
    events.on('tables.shared', (event) =>
      raise({ kind: 'tables.shared', message: describeSharer(event) }, event.broker),
    ),
    events.on('handler.stuck', ({ topic, group, messageId }) =>
      raise({
        kind: 'handler.stuck',
        topic,
        group,
        message: `A handler of '${topic}'/'${group}' never came back (message ${messageId}); restart the process if this repeats.`,
      }),
    ),
  ];
  return () => off.forEach((unsubscribe) => unsubscribe());
}
