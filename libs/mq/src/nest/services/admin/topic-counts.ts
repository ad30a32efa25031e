import { oldestAges } from '../../../core/operators/oldest-ages.js';
import type { TableMeasures } from '../../../core/store/metrics-store.js';

/** What the outbox has of one topic. Of all topics together 100,000 unfinished messages are looked at; a topic's share of that stands for that many or more. */
export interface TopicCounts {
  /** Alias. */
  readonly topic: string;
  readonly pending: number;
  readonly sending: number;
  /** The broker has them, and their group must still handle them. */
  readonly accepted: number;
  /** Nobody has decided about these. */
  readonly dead: number;
  /** How long the earliest of them has been due, in milliseconds; 0 when none is, and while the topic is paused. */
  readonly overdueMs: number;
  /** Since the oldest that the broker does not have was published, or was to be delivered; 0 without one. */
  readonly oldestAgeMs: number;
}

/** Topics that are configured here, and those of which the tables have something. */
export function topicCounts(
  measures: TableMeasures,
  deadByTopic: ReadonlyMap<string, number>,
  configured: readonly string[],
): TopicCounts[] {
  const { outbox } = measures;
  const topics = [...new Set([...configured, ...outbox.map(({ topic }) => topic), ...deadByTopic.keys()])];
  const ages = oldestAges(measures, topics);
  return topics.map((topic) => {
    const own = outbox.filter((measure) => measure.topic === topic);
    const count = (status: string): number => own.find((measure) => measure.status === status)?.count ?? 0;
    return {
      topic,
      pending: count('PENDING'),
      sending: count('SENDING'),
      accepted: count('ACCEPTED'),
      dead: deadByTopic.get(topic) ?? 0,
      overdueMs: Math.max(0, ...own.map(({ overdueMs }) => overdueMs)),
      oldestAgeMs: ages.get(topic)!,
    };
  });
}
