import type { TableMeasures } from '../../core/store/metrics-store.js';

export interface OutboxSeries {
  readonly topic: string;
  readonly state: string;
  readonly count: number;
}

const STATES = ['pending', 'sending', 'accepted', 'dead'] as const;

/**
 * How many messages of each topic are in each state, also those of which there are none: a series that appears with its
 * first row has no past to compare with. Dead are those that the relay has parked, and nobody has decided about.
 */
export function outboxSeries({ outbox, errors }: TableMeasures, topics: readonly string[]): OutboxSeries[] {
  const counts = new Map<string, Map<string, number>>();
  const ofTopic = (topic: string): Map<string, number> => {
    const there = counts.get(topic) ?? new Map<string, number>(STATES.map((state) => [state, 0]));
    counts.set(topic, there);
    return there;
  };
  for (const topic of topics) ofTopic(topic);
  for (const { topic, status, count } of outbox) ofTopic(topic).set(status.toLowerCase(), count);
  for (const { topic, group, count } of errors) {
    if (group !== null || topic === null) continue;
    const states = ofTopic(topic);
    states.set('dead', states.get('dead')! + count);
  }
  return [...counts].flatMap(([topic, states]) => [...states].map(([state, count]) => ({ topic, state, count })));
}
