import type { FailureInfo, MqEventMap } from '../core/events/event-map.js';

/** What is away: the database; the broker for this whole connection; one topic at it, or one of several brokers behind it. */
export type OutageCause = 'database' | 'broker' | `topic ${string}` | `broker ${string}`;

/** Codes of polls that fail because of the broker and not because of their topic or group. */
const OF_THE_BROKER: readonly string[] = ['MQ_BROKER_UNAVAILABLE', 'MQ_BROKER_AUTH', 'MQ_OUTCOME_UNKNOWN'];
const OF_THE_TOPIC: readonly string[] = ['MQ_BROKER_REJECTED', 'MQ_BROKER_THROTTLED', 'MQ_TRANSPORT_DEFECT'];

/** Loops that ask the database again and again, whether or not there is work. */
const TELLS_ITS_END: readonly string[] = ['relay', 'consumer:database', 'heartbeat'];

/** Cause of a circuit that opens, or closes. Its scope is `connection`, `topic <name at the broker>` or `broker <name>`. */
export function causeOfCircuit(scope: string): OutageCause {
  return scope === 'connection' ? 'broker' : (scope as OutageCause);
}

/**
 * Cause of a loop that fails; `null` for one that is no outage, but a mistake of ours.
 * @param topicOf what the broker calls the topic of this alias
 */
export function causeOfLoop(
  { error, topic }: { readonly error: FailureInfo; readonly topic?: string },
  topicOf: (alias: string) => string,
): OutageCause | null {
  if (error.code === 'MQ_DATABASE_UNAVAILABLE') return 'database';
  if (topic === undefined) return null;
  if (OF_THE_BROKER.includes(error.code)) return 'broker';
  return OF_THE_TOPIC.includes(error.code) ? `topic ${topicOf(topic)}` : null;
}

/** Whether this loop says by itself when it works again. Others only fail now and then, with what they were to write. */
export function saysWhenRecovered({ loop, topic }: MqEventMap['loop.failed']): boolean {
  return TELLS_ITS_END.includes(loop) || topic !== undefined;
}
