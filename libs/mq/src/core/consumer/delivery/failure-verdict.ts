import type { MqFailure } from '../../config/options.js';
import type { BackoffPolicy } from '../../config/resolved-options.js';
import { delayAskedBy, PermanentError } from '../../errors/control-flow.js';
import { isA } from '../../errors/is-a.js';
import { Refusal } from '../../errors/refusal.js';

/**
 * What becomes of a delivery after a failed attempt: milliseconds until the next one, or `'park'`.
 *
 * Asked in this order, because the later answers must not overrule the earlier: a permanent error; attempts used up
 * (also for a handler that asks for a later attempt: that one failed too); the time that the handler asks for; the policy.
 */
export function verdictOn(failure: MqFailure, backoff: BackoffPolicy): number | 'park' {
  if (failure.error instanceof PermanentError || isA(failure.error, Refusal)) return 'park';
  if (failure.attempt >= failure.maxAttempts) return 'park';
  return delayAskedBy(failure.error) ?? backoff(failure);
}
