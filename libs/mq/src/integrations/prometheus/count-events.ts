import type { MqErrorCode } from '../../core/errors/codes.js';
import type { MqEvents } from '../../core/events/event-bus.js';
import type { Instruments } from './instruments.js';
import type { ProcessedResult } from './known-series.js';

interface CountSettings {
  readonly connection: string;
  /** Epoch milliseconds, this process's clock. */
  readonly now: () => number;
}

/** Why a delivery is parked without an attempt: no handler could have helped. */
const UNPROCESSABLE: ReadonlySet<MqErrorCode> = new Set<MqErrorCode>([
  'MQ_PAYLOAD_INVALID',
  'MQ_FORBIDDEN',
  'MQ_UNMATCHED',
  'MQ_ID_CONFLICT',
  'MQ_MESSAGE_INVALID',
  'MQ_DEAD_LETTERED',
  'MQ_HALF_DONE',
]);

/**
 * Counts and times what happens on one connection.
 * @returns the function that stops it
 */
export function countEvents(events: MqEvents, metrics: Instruments, { connection, now }: CountSettings): () => void {
  const of = { connection };
  /** Clocks of two machines differ, and no message arrives before it was published. */
  const clamped = (ms: number): number => {
    if (ms < 0) metrics.clockSkews.inc(of);
    return Math.max(0, ms) / 1_000;
  };
  const failed = ({ topic, group, error }: { topic: string; group: string; error: { code: MqErrorCode } }): void =>
    metrics.processed.inc({ ...of, topic, group, result: resultOf(error.code) });

  const off = [
    events.on('message.published', ({ topic, count }) => metrics.published.inc({ ...of, topic }, count)),
    events.on('message.sent', ({ topic, durationMs, waitedMs }) => {
      metrics.sent.inc({ ...of, topic, result: 'ok' });
      metrics.sendSeconds.observe({ ...of, topic }, durationMs / 1_000);
      metrics.deliverySeconds.observe({ ...of, topic }, clamped(waitedMs));
    }),
    events.on('message.rescheduled', ({ topic, error }) =>
      metrics.sent.inc({ ...of, topic, result: error.code === 'MQ_OUTCOME_UNKNOWN' ? 'unknown' : 'retry' }),
    ),
    events.on('message.parked', ({ topic }) => metrics.sent.inc({ ...of, topic, result: 'dead' })),
    events.on('listener.failed', () => metrics.listenerFailures.inc(of)),
    events.on('lease.lost', () => metrics.leasesStolen.inc(of)),
    events.on('rows.pruned', ({ table, count, durationMs }) => {
      metrics.pruned.inc({ ...of, table }, count);
      metrics.pruneSeconds.observe({ ...of, table }, durationMs / 1_000);
    }),
    events.on('delivery.handled', ({ topic, group, durationMs, publishedAt }) => {
      metrics.processed.inc({ ...of, topic, group, result: 'ok' });
      metrics.handlerSeconds.observe({ ...of, topic, group }, durationMs / 1_000);
      if (publishedAt) metrics.endToEndSeconds.observe({ ...of, topic, group }, clamped(now() - publishedAt.getTime()));
    }),
    events.on('delivery.duplicate', ({ topic, group, reason }) => {
      metrics.processed.inc({ ...of, topic, group, result: 'duplicate' });
      metrics.duplicates.inc({ ...of, reason });
    }),
    events.on('delivery.discarded', ({ topic, group }) =>
      metrics.processed.inc({ ...of, topic, group, result: 'discarded' }),
    ),
    events.on('delivery.failed', failed),
    events.on('delivery.parked', failed),
    events.on('ack.failed', ({ topic, group, count, settlement }) => {
      if (settlement === 'lease-lost') metrics.ackExpired.inc({ ...of, topic, group }, count);
    }),
  ];
  return () => off.forEach((unsubscribe) => unsubscribe());
}

function resultOf(code: MqErrorCode): ProcessedResult {
  if (code === 'MQ_HANDLER_TIMEOUT') return 'timeout';
  return UNPROCESSABLE.has(code) ? 'unprocessable' : 'error';
}
