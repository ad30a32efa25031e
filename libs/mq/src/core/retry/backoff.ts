import type { Random } from '../runtime/random.js';

/** Above this doubling, every sensible base has passed every sensible cap; 2 ** 1024 would be Infinity. */
const MAX_DOUBLINGS = 40;

/**
 * Jitter: a uniform choice between two times. Everything in this library that spreads waits does so with this formula; what
 * differs is between which times. Many processes do the same thing after the same outage, and must not do it together.
 */
export function between(fromMs: number, toMs: number, random: Random): number {
  return fromMs + random() * (toMs - fromMs);
}

/** Exponential growth: `base` for the first attempt, twice as much for each further one, never above `cap`. */
export function doubled(attempt: number, baseMs: number, capMs: number): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), MAX_DOUBLINGS);
  return Math.min(capMs, baseMs * 2 ** doublings);
}

/**
 * Exponential backoff with full jitter: between 0 and {@link doubled}. Full jitter, because many messages fail together when
 * a broker goes down, and half of a wait that is the same for all of them brings them all back together.
 *
 * @param attempt failed attempts so far, from 1
 */
export function fullJitter(attempt: number, baseMs: number, capMs: number, random: Random): number {
  return Math.round(between(0, doubled(attempt, baseMs, capMs), random));
}

/** Exponential backoff that never falls below `base`, for what must not be asked too often: {@link fullJitter} above it. */
export function jitterAbove(attempt: number, baseMs: number, capMs: number, random: Random): number {
  return baseMs + fullJitter(attempt, baseMs, capMs - baseMs, random);
}
