/** What `log.logger` is called with. */
export type MqLogLevel = 'log' | 'warn' | 'error' | 'debug';

/**
 * Every line that this library writes, by the `event` in it, with its level. Nothing is logged under another name.
 *
 * Those of one event of `MqEvents` are called like it. `log`: worth knowing. `warn`: look at it when you have time, it
 * goes on by itself. `error`: somebody has to do something. `debug`: for whoever follows one message.
 */
export const MQ_LOG_EVENTS = {
  'boot.started': 'log',
  'boot.relay-elsewhere': 'log',
  'boot.handler': 'log',
  'boot.idle-group': 'warn',
  'boot.idle-tags': 'warn',
  'boot.setting': 'warn',
  'boot.not-connected': 'warn',
  'boot.connect-failed': 'error',
  'message.unordered': 'warn',
  'message.sent': 'log',
  'message.rescheduled': 'warn',
  'message.parked': 'error',
  'lease.lost': 'warn',
  'commit.vanished': 'warn',
  'loop.failed': 'error',
  'outage.began': 'error',
  'outage.goes-on': 'error',
  'outage.ended': 'log',
  'pause.changed': 'log',
  'consumer.stopped': 'debug',
  'delivery.handled': 'log',
  'delivery.discarded': 'log',
  'delivery.failed': 'warn',
  'delivery.unbatched': 'warn',
  'delivery.parked': 'error',
  'delivery.duplicate': 'debug',
  'delivery.skipped': 'debug',
  'delivery.released': 'debug',
  'delivery.starved': 'warn',
  'lease.short': 'warn',
  'handler.stuck': 'error',
  'handler.unstuck': 'log',
  'ack.failed': 'warn',
  'listener.failed': 'error',
  'rows.orphaned': 'error',
  'tables.shared': 'error',
  'rows.pruned': 'debug',
  'alert.failed': 'error',
  'schedule.failed': 'error',
  'shutdown.waits': 'log',
  'shutdown.given-up': 'warn',
  'shutdown.database': 'warn',
  'shutdown.transport': 'warn',
  'shutdown.drained': 'log',
} as const satisfies Record<string, MqLogLevel>;

export type MqLogEvent = keyof typeof MQ_LOG_EVENTS;
