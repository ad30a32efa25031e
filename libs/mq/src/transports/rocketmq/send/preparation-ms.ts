import type { ResolvedRocketmqOptions } from '../options.js';

/**
 * What may pass between `send()` and the beginning of a call to the broker: a route, a session, and the wait for others of its
 * list. No call begins later, and each has `requestTimeoutMs` from there, so both together are the longest that a send takes.
 */
export function preparationMs({ connectTimeoutMs }: Pick<ResolvedRocketmqOptions, 'connectTimeoutMs'>): number {
  return 2 * connectTimeoutMs;
}
