import type { HealthCause } from '../../../core/consumer/state/health-cause.js';

export interface MqHealth {
  /** `degraded`: something waits, nothing is lost, publishing goes on (the broker is down). `down`: this process cannot do its work. */
  readonly status: 'up' | 'degraded' | 'down';
  /** Why it is not `up`, a sentence each. */
  readonly reasons: readonly string[];
  /** The same for programs, in the same order. */
  readonly causes: readonly HealthCause[];
  /** What is not as usual, and is meant to be: pauses, a sentence each. */
  readonly notes: readonly string[];
}

export interface MqLiveness {
  /** `false`: only a restart of this process helps. */
  readonly alive: boolean;
  /** Why not, a sentence each. */
  readonly reasons: readonly string[];
}
