import type { Duration } from '../runtime/duration.js';
import type { Operation } from '../protocol/route.js';

/** Effects that take the place of the operation. */
export type ArrivalEffect =
  /** This answer instead. Without a body it is empty, without headers it has no content type. */
  | { status: number; body?: string; headers?: Record<string, string> }
  /** Later, but properly. */
  | { delay: Duration }
  /** The connection is cut, nothing is done. */
  | 'reset'
  /** Nothing is done, and nothing answered. */
  | 'hang'
  /** 429 TooManyRequests after the 10 ms for which the real service holds such a request. */
  | 'throttle';

/** Effects on an operation that is valid; of consuming, on one that has messages to hand out. */
export type AcceptedEffect =
  /** Done, and then the connection is cut instead of an answer. */
  | 'accept-then-reset'
  /** Done, and never answered. */
  | 'accept-then-hang'
  /** Published: stored twice. Consumed: the next consumer gets the same messages, both handles are valid. */
  | 'duplicate'
  /** Ack, commit, rollback: answered with 204, and forgotten. */
  | 'drop-ack';

export type FaultEffect = ArrivalEffect | AcceptedEffect;

/** Something that goes wrong on purpose. What is not given matches everything. */
export interface Fault {
  operation?: Operation;
  topic?: string;
  group?: string;
  /** From 0 to 1; not together with `times`. */
  probability?: number;
  /** For so many requests, then never again. */
  times?: number;
  effect: FaultEffect;
}

const ACCEPTED = new Set<FaultEffect>(['accept-then-reset', 'accept-then-hang', 'duplicate', 'drop-ack']);

export function isAcceptedEffect(effect: FaultEffect): effect is AcceptedEffect {
  return ACCEPTED.has(effect);
}
