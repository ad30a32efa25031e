import type { ResolvedGroup } from '../../../core/config/resolved-options.js';
import type { FailingCount } from '../../../core/store/admin-store.js';
import { DEAD_LETTERS } from '../../../core/consumer/polling/dead-letter-feed.js';
import type { ErrorMeasure } from '../../../core/store/metrics-store.js';
import type { MqNode } from '../../../core/store/node-store.js';

/** One group, and one topic that it reads. */
export interface GroupCounts {
  /** Alias; `null` for what is known of the group alone: messages that did not say where they came from, a group that nothing reads for. */
  readonly topic: string | null;
  /** Alias. */
  readonly group: string;
  /** Messages that it gave up, and nobody has decided about. */
  readonly parked: number;
  /** Messages that failed in the last day, and are tried again; of the newest 10,000 failures. `null` where no inbox tells which were handled since. */
  readonly failing: number | null;
  /** Running processes that read the topic, or anything, for the group; also while it is paused. */
  readonly consumers: number;
  /** Messages that wait for the group at the broker. Left out where the broker does not tell, as none does yet. */
  readonly lag?: number;
  readonly oldestParkedAt: Date | null;
}

interface Known {
  readonly errors: readonly ErrorMeasure[];
  readonly failing: readonly FailingCount[];
  readonly nodes: readonly Pick<MqNode, 'alive' | 'connection' | 'state'>[];
  /** Aliases of what handlers of this application read. */
  readonly handlers: readonly { readonly topic: string; readonly group: string }[];
  readonly groups: ReadonlyMap<string, Pick<ResolvedGroup, 'inbox'>>;
  readonly connection: string;
}

type Pair = Pick<GroupCounts, 'topic' | 'group'>;

/** Groups that are configured here, that some process of this connection reads for, and of which the tables have something. */
export function groupCounts({ errors, failing, nodes, handlers, groups, connection }: Known): GroupCounts[] {
  const parked = errors.flatMap(({ group, topic, ...rest }) =>
    group === null ? [] : [{ ...rest, group, topic: topic === DEAD_LETTERS ? null : topic }],
  );
  const reading = nodes
    .filter((node) => node.connection === connection)
    .map(({ alive, state }) => ({ alive, groups: state.groups.filter(({ topic }) => topic !== DEAD_LETTERS) }));
  const pairs = distinct([...handlers, ...reading.flatMap((node) => node.groups), ...parked, ...failing]);
  const unread = [...groups.keys()].filter((alias) => !pairs.some(({ group }) => group === alias));
  return [...pairs, ...unread.map((group) => ({ topic: null, group }))].map(({ topic, group }) => {
    const isThis = (pair: Pair): boolean => pair.topic === topic && pair.group === group;
    const own = parked.filter(isThis);
    return {
      topic,
      group,
      parked: own.reduce((sum, { count }) => sum + count, 0),
      failing: groups.get(group)?.inbox === false ? null : (failing.find(isThis)?.count ?? 0),
      consumers: reading.filter(
        (node) =>
          node.alive &&
          node.groups.some((one) => one.state !== 'stopped' && (topic === null ? one.group === group : isThis(one))),
      ).length,
      oldestParkedAt: own.length === 0 ? null : new Date(Math.min(...own.map(({ oldestAt }) => oldestAt))),
    };
  });
}

function distinct(pairs: readonly Pair[]): Pair[] {
  const seen = new Map(pairs.map(({ topic, group }) => [JSON.stringify([group, topic]), { topic, group }]));
  return [...seen.values()].sort((a, b) => (a.group === b.group ? 0 : a.group < b.group ? -1 : 1));
}
