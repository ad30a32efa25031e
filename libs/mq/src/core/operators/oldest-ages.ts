import type { TableMeasures } from '../store/metrics-store.js';

/**
 * For how long the oldest message of each topic should have been with the broker, in milliseconds; also of topics that have none, so that
 * 0 can be told from "nobody has looked". What the broker has is not waited for.
 * @param topics aliases
 */
export function oldestAges(
  { outbox }: Pick<TableMeasures, 'outbox'>,
  topics: readonly string[],
): ReadonlyMap<string, number> {
  const oldest = new Map(topics.map((topic) => [topic, 0]));
  for (const { topic, status, oldestMs } of outbox) {
    if (status !== 'ACCEPTED') oldest.set(topic, Math.max(oldest.get(topic) ?? 0, oldestMs));
  }
  return oldest;
}
