import type { ResolvedOptions } from '../config/resolved-options.js';
import type { ConsumerRunner } from '../consumer/consumer-runner.js';
import type { LoopActivity } from '../consumer/state/loop-activity.js';
import type { Circuit } from '../relay/circuit/circuit.js';
import type { Clock } from '../runtime/clock.js';
import type { NodeGroup, NodeState } from '../store/node-store.js';

/** Enough to see what holds up a group; all of them could be thousands. */
const NAMED = 20;

interface Parts {
  readonly options: ResolvedOptions;
  readonly circuit: Circuit;
  readonly consumers: Pick<ConsumerRunner<never>, 'loops'>;
  readonly clock: Clock;
}

/** What one connection of this process has in hand right now. */
export function nodeState({ options, circuit, consumers, clock }: Parts, loopLagMs: number): NodeState {
  const ago = (ms: number): string => new Date(clock.now() - ms).toISOString();
  return {
    broker: options.transport.identity,
    owners: options.owners.map(({ connection, broker }) => ({ connection, broker })),
    topics: [...options.topics.values()].map(({ alias, topic }) => ({ alias, topic })),
    circuits: circuit.states().map(({ openMs, ...state }) => ({ ...state, since: ago(openMs) })),
    groups: consumers.loops().map((loop) => groupOf(loop, options, ago)),
    loopLagMs: Math.round(loopLagMs),
  };
}

function groupOf(loop: LoopActivity, { groups }: ResolvedOptions, ago: (ms: number) => string): NodeGroup {
  const { topic, group, tags, state, concurrency, inFlight, error, running, held } = loop;
  return {
    topic,
    group,
    groupId: groups.get(group)!.groupId,
    tags,
    state,
    concurrency,
    inFlight,
    error: error && { code: error.code, message: error.message },
    running: running
      .toSorted((a, b) => b.runningMs - a.runningMs)
      .slice(0, NAMED)
      .map(({ messageId, runningMs }) => ({ messageId, since: ago(runningMs) })),
    held: held
      .toSorted((a, b) => a.againInMs - b.againInMs)
      .slice(0, NAMED)
      .map(({ messageId, againInMs }) => ({ messageId, until: ago(-againInMs) })),
  };
}
