import { describeError } from '../errors/describe-error.js';
import type { MqErrorCode } from '../errors/codes.js';
import type { FailureInfo } from '../events/event-map.js';
import type { Random } from '../runtime/random.js';
import { TransportError, type TransportErrorKind } from '../transport/transport-error.js';
import { fullJitter } from './backoff.js';

const CODES: Partial<Record<TransportErrorKind, MqErrorCode>> = {
  auth: 'MQ_BROKER_AUTH',
  denied: 'MQ_BROKER_AUTH',
  forbidden: 'MQ_BROKER_AUTH',
  'not-found': 'MQ_BROKER_REJECTED',
  invalid: 'MQ_BROKER_REJECTED',
  refused: 'MQ_BROKER_REJECTED',
  throttled: 'MQ_BROKER_THROTTLED',
};

/** Waiting for a human: credentials, a topic that does not exist. Asking every second would only fill somebody's log. */
const SLOW: readonly MqErrorCode[] = ['MQ_BROKER_AUTH', 'MQ_BROKER_REJECTED'];

/** No further apart than the relay's probes: who waits for the broker to return should not wait for the next poll as well. */
const AWAY_MS = { base: 1_000, cap: 3_000 };
const THROTTLED_MS = { base: 1_000, cap: 30_000 };
const SLOW_MS = { base: 10_000, cap: 120_000 };

/** What a failed poll says. Whatever it is, no message is to blame, so polling goes on. */
export function pollFailure(error: unknown): FailureInfo {
  const kind = error instanceof TransportError ? error.kind : 'unknown';
  return { code: CODES[kind] ?? 'MQ_BROKER_UNAVAILABLE', message: describeError(error).message, cause: error };
}

/**
 * How long to wait before polling again: 1 to 3 seconds, up to 30 when the broker asks to slow down, 10 to 120 for what
 * a human must repair; never less than the broker asks for. Jittered above the base, because all consumers of a broker lose it in the same moment.
 *
 * @param failures polls that failed in a row, from 1
 */
export function pollBackoff({ code, cause }: FailureInfo, failures: number, random: Random): number {
  const { base, cap } = SLOW.includes(code) ? SLOW_MS : code === 'MQ_BROKER_THROTTLED' ? THROTTLED_MS : AWAY_MS;
  const asked = cause instanceof TransportError ? (cause.retryAfterMs ?? 0) : 0;
  return Math.max(asked, base + fullJitter(failures, base, cap - base, random));
}
