import type { MqEvents } from '../../core/events/event-bus.js';
import type { Instruments } from './instruments.js';

const SENT = ['ok', 'retry', 'unknown', 'dead'] as const;
const PROCESSED = ['ok', 'discarded', 'error', 'duplicate', 'timeout', 'unprocessable'] as const;
const PRUNED = ['sent', 'inbox', 'errors'] as const;
const COPIES = ['redelivered', 'sent-twice', 'replayed'] as const;

export type ProcessedResult = (typeof PROCESSED)[number];

interface Known {
  readonly connection: string;
  /** Aliases. */
  readonly topics: readonly string[];
}

/**
 * Lets every series begin at 0 whose labels are known before anything happens: Prometheus sees no increase in one that
 * appears with its first event. What a group reads is known when it begins.
 * @returns the function that stops it
 */
export function beginKnownSeries(events: MqEvents, metrics: Instruments, { connection, topics }: Known): () => void {
  const of = { connection };
  metrics.leasesStolen.inc(of, 0);
  metrics.clockSkews.inc(of, 0);
  metrics.listenerFailures.inc(of, 0);
  for (const reason of COPIES) metrics.duplicates.inc({ ...of, reason }, 0);
  for (const table of PRUNED) {
    metrics.pruned.inc({ ...of, table }, 0);
    metrics.pruneSeconds.zero({ ...of, table });
  }
  for (const topic of topics) {
    metrics.published.inc({ ...of, topic }, 0);
    for (const result of SENT) metrics.sent.inc({ ...of, topic, result }, 0);
    metrics.sendSeconds.zero({ ...of, topic });
    metrics.deliverySeconds.zero({ ...of, topic });
  }
  const begun = new Set<string>();
  return events.on('consumer.started', ({ topic, group }) => {
    // A group that is stopped and started again goes on counting.
    const pair = JSON.stringify([topic, group]);
    if (begun.has(pair)) return;
    begun.add(pair);
    for (const result of PROCESSED) metrics.processed.inc({ ...of, topic, group, result }, 0);
    metrics.handlerSeconds.zero({ ...of, topic, group });
    metrics.endToEndSeconds.zero({ ...of, topic, group });
    metrics.ackExpired.inc({ ...of, topic, group }, 0);
  });
}
