import { describeError } from '../errors/describe-error.js';
import type { FailureInfo } from '../events/event-map.js';
import type { Random } from '../runtime/random.js';
import { TransportError } from '../transport/transport-error.js';
import { jitterAbove } from './backoff.js';
import { meaningOf } from './failure-table.js';

/** What a failed poll says. */
export function pollFailure(error: unknown): FailureInfo {
  return { code: meaningOf(error).poll.code, message: describeError(error).message, cause: error };
}

/**
 * How long to wait before polling again; never less than the broker asks for. Jittered above the base, because all
 * consumers of a broker lose it in the same moment.
 *
 * @param failures polls that failed in a row, from 1
 */
export function pollBackoff({ cause }: FailureInfo, failures: number, random: Random): number {
  const { baseMs, capMs } = meaningOf(cause).poll.pause;
  const asked = cause instanceof TransportError ? (cause.retryAfterMs ?? 0) : 0;
  return Math.max(asked, jitterAbove(failures, baseMs, capMs, random));
}
