import type { FailureInfo, GroupRef } from '../../events/event-map.js';
import { countOf } from '../../runtime/count-of.js';
import { inWords } from '../../runtime/in-words.js';
import type { HealthCause } from './health-cause.js';
import { describeShortLease, type ShortLease } from '../lease/short-lease.js';

/**
 * State of a poll loop. `paused`: its group was paused. `database`: it waits until the database takes deliveries again.
 * `full`: every slot is taken. `backing-off`: the last poll failed, with `error`.
 */
export type LoopState = 'polling' | 'paused' | 'database' | 'full' | 'backing-off' | 'stopped';

export interface LoopHealth extends GroupRef {
  readonly state: LoopState;
  readonly lastPolledAt: Date | null;
  readonly error: FailureInfo | null;
  /** The lease of the last message, if no attempt fits into it. */
  readonly shortLease: ShortLease | null;
}

interface ConsumerFacts {
  readonly running: boolean;
  readonly loops: readonly LoopHealth[];
  /** Handlers that run, over all connections that share the slots. */
  readonly inFlight: number;
  /** Failed deliveries that wait in memory for their next attempt. */
  readonly held: number;
  /** Handlers that were cut off and never came back. */
  readonly stuckHandlers: number;
  /** How long the first of them has not, in milliseconds. */
  readonly stuckMs: number;
  /** Messages that are delivered again and again and never settled: a sentence for each topic and group. */
  readonly starved: readonly string[];
}

export interface ConsumerHealth extends ConsumerFacts {
  readonly causes: readonly HealthCause[];
  /** Sentences of the causes for which somebody must act on this process now. */
  readonly down: readonly string[];
  /** Sentences of the others. */
  readonly degraded: readonly string[];
}

/**
 * How long a handler must have ignored its timeout before a restart is asked for. It has no connection and no slot any more, so it harms
 * nobody; a restart cuts off what else this process does, and most slow handlers come back within minutes.
 */
const STUCK_MS = 5 * 60_000;

/** Derives health from facts. A requested pause is no fault. A broker that is away is not this process's fault: a restart does not help. */
export function describeConsumers(facts: ConsumerFacts): ConsumerHealth {
  const causes: HealthCause[] = [];
  if (facts.stuckHandlers > 0) causes.push(stuckCause(facts.stuckHandlers, facts.stuckMs));
  if (facts.loops.some(({ state }) => state === 'database'))
    causes.push({
      code: 'database',
      severity: 'down',
      text: 'consumers wait for the database, which turned deliveries away',
    });
  for (const { topic, group, state, error } of facts.loops) {
    if (state !== 'backing-off') continue;
    const text = `polling ${topic}/${group} fails (${error?.code}): ${error?.message}`;
    causes.push({ code: 'polling', severity: 'degraded', text });
  }
  for (const { topic, group, shortLease } of facts.loops) {
    if (shortLease)
      causes.push({
        code: 'lease-short',
        severity: 'degraded',
        text: describeShortLease({ topic, group, ...shortLease }),
      });
  }
  causes.push(...facts.starved.map((text): HealthCause => ({ code: 'starved', severity: 'degraded', text })));
  const textsOf = (wanted: HealthCause['severity']): string[] =>
    causes.filter(({ severity }) => severity === wanted).map(({ text }) => text);
  return { ...facts, causes, down: textsOf('down'), degraded: textsOf('degraded') };
}

function stuckCause(count: number, ms: number): HealthCause {
  return {
    code: 'handler-stuck',
    severity: ms >= STUCK_MS ? 'down' : 'degraded',
    text: `${countOf(count, 'handler')} did not come back after the timeout, the first for ${inWords(ms)}; only a restart of the process ends that`,
  };
}
