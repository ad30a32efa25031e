import type { FailureInfo, GroupRef } from '../events/event-map.js';
import { describeShortLease, type ShortLease } from './short-lease.js';

/**
 * What a poll loop is doing. `paused`: somebody paused its group. `database`: waits until the database takes deliveries
 * again. `full`: every place is taken. `backing-off`: the last poll failed, with `error`.
 */
export type LoopState = 'polling' | 'paused' | 'database' | 'full' | 'backing-off' | 'stopped';

export interface LoopHealth extends GroupRef {
  readonly state: LoopState;
  readonly lastPolledAt: Date | null;
  readonly error: FailureInfo | null;
  /** What the broker gave with the last message, where no attempt fits into it. */
  readonly shortLease: ShortLease | null;
}

export interface ConsumerFacts {
  readonly running: boolean;
  readonly loops: readonly LoopHealth[];
  /** Handlers at work, over all connections that share the places. */
  readonly inFlight: number;
  /** Failed deliveries that wait in memory for their next attempt. */
  readonly held: number;
  /** Handlers that were cut off and never came back. */
  readonly stuckHandlers: number;
  /** Messages that come again and again and end without a verdict: a sentence for each topic and group. */
  readonly starved: readonly string[];
}

export interface ConsumerHealth extends ConsumerFacts {
  /** Why somebody must act on this process now, as sentences. */
  readonly down: readonly string[];
  /** What is wrong and will mend itself, or is somebody else's outage. */
  readonly degraded: readonly string[];
}

/** A pause that somebody asked for is no fault. A broker that is away is not this process's, and restarting it is no help. */
export function describeConsumers(facts: ConsumerFacts): ConsumerHealth {
  const down: string[] = [];
  if (facts.stuckHandlers > 0) {
    const many = facts.stuckHandlers === 1 ? '1 handler' : `${facts.stuckHandlers} handlers`;
    down.push(`${many} did not come back after the timeout; only a restart of the process ends that`);
  }
  if (facts.loops.some(({ state }) => state === 'database')) {
    down.push('consumers wait for the database, which turned deliveries away');
  }
  const degraded = facts.loops
    .filter(({ state }) => state === 'backing-off')
    .map(({ topic, group, error }) => `polling ${topic}/${group} fails (${error?.code}): ${error?.message}`);
  for (const { topic, group, shortLease } of facts.loops) {
    if (shortLease) degraded.push(describeShortLease({ topic, group, ...shortLease }));
  }
  degraded.push(...facts.starved);
  return { ...facts, down, degraded };
}
