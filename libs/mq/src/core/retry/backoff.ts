import type { Random } from '../runtime/random.js';

/** Above this doubling, every sensible base has passed every sensible cap; 2 ** 1024 would be Infinity. */
const MAX_DOUBLINGS = 40;

/**
 * Exponential backoff with full jitter: a uniform choice between 0 and `base * 2^(attempt - 1)`, never above `cap`.
 * Full jitter, because many messages fail together when a broker goes down, and half of a wait that is the same for
 * all of them brings them all back together.
 *
 * @param attempt failed attempts so far, from 1
 */
export function fullJitter(attempt: number, baseMs: number, capMs: number, random: Random): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), MAX_DOUBLINGS);
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** doublings));
}
