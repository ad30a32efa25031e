import { createHash } from 'node:crypto';

/** Never change it: two versions of the library that disagree about a key's stripe do not exclude each other. */
export const ORDER_STRIPES = 1_024;

/** What rows of one (topic alias, ordering key) share while they are not finished: 32 hex digits, whatever the key contains. */
export function orderKeyOf(topicAlias: string, orderingKey: string): string {
  return createHash('sha256').update(topicAlias).update('\0').update(orderingKey).digest('hex').slice(0, 32);
}

/**
 * The stripe whose row lock puts publishers of this key in line, 0 to 1,023. A row for each key would grow without end,
 * and its first insert deadlocks on MariaDB; keys that share a stripe merely wait for each other's commits.
 */
export function stripeOf(orderKey: string): number {
  return createHash('sha256').update(orderKey).digest().readUInt32BE(0) % ORDER_STRIPES;
}
