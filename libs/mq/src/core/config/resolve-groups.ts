import type { Random } from '../runtime/random.js';
import type { MqTransport } from '../transport/transport.js';
import { join, type Problems } from './problems.js';
import { resolveBackoff } from './resolve-backoff.js';
import type { ResolvedGroup } from './resolved-options.js';

export const CONSUME_KEYS = ['concurrency', 'timeout', 'maxAttempts', 'backoff', 'inbox', 'unmatched'];
const GROUP_KEYS = ['groupId', 'tags', 'identify', ...CONSUME_KEYS];

/** What a handler needs of its lease besides its timeout: the commit, the ack, and clocks that disagree. */
export const LEASE_MARGIN_MS = 10_000;

const BACKOFF = { base: '10s', cap: '10m' };

interface GroupContext {
  readonly suffix: string;
  readonly tagSuffix: string;
  /** `consume`, whose settings each group overrides. */
  readonly defaults: Record<string, unknown>;
  readonly transport: MqTransport | null;
  readonly random: Random;
}

export function resolveGroups(problems: Problems, value: unknown, context: GroupContext): Map<string, ResolvedGroup> {
  const groups = new Map<string, ResolvedGroup>();
  for (const [alias, entry] of problems.record('groups', value)) {
    const path = join('groups', alias);
    if (alias.length === 0 || alias.length > 64) problems.add(path, 'an alias has 1 to 64 characters');
    const own = problems.object(path, entry, GROUP_KEYS);
    const read = (key: string): [string, unknown] =>
      own[key] === undefined ? [join('consume', key), context.defaults[key]] : [join(path, key), own[key]];
    const group: ResolvedGroup = {
      alias,
      groupId: problems.requiredText(join(path, 'groupId'), own['groupId']) + context.suffix,
      tags: resolveTags(problems, join(path, 'tags'), own['tags']),
      identify: problems.function<NonNullable<ResolvedGroup['identify']>>(join(path, 'identify'), own['identify']),
      concurrency: problems.count(...read('concurrency'), 4, 10_000),
      timeoutMs: problems.duration(...read('timeout'), '30s', { min: 1 }),
      maxAttempts: problems.count(...read('maxAttempts'), 16),
      backoff: resolveBackoff(problems, ...read('backoff'), BACKOFF, context.random),
      inbox: problems.flag(...read('inbox'), true),
      unmatched: problems.oneOf(...read('unmatched'), ['park', 'ack'], 'park'),
    };
    if (context.transport) checkAgainstBroker(problems, path, group, context.transport);
    groups.set(alias, group);
  }
  return groups;
}

function resolveTags(problems: Problems, path: string, value: unknown): readonly string[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length === 0 || !value.every((tag) => typeof tag === 'string' && tag !== '')) {
    problems.add(path, 'must be a list of tags; leave it out for all messages');
    return null;
  }
  return [...new Set(value as string[])];
}

function checkAgainstBroker(problems: Problems, path: string, group: ResolvedGroup, transport: MqTransport): void {
  const { chooseLease, leaseExtension, limits } = transport.capabilities;
  // An ordered topic has the shorter lease on some brokers, but a group does not say here which topics it reads; the
  // longer one is what any timeout must fit, and the registry checks the pair once handlers are known.
  if (!chooseLease && !leaseExtension && group.timeoutMs + LEASE_MARGIN_MS > limits.leaseMs.max) {
    const longest = limits.leaseMs.max - LEASE_MARGIN_MS;
    problems.add(
      join(path, 'timeout'),
      `${group.timeoutMs} ms do not fit into the lease of ${limits.leaseMs.max} ms that ${transport.name} gives; ${longest} ms is the longest`,
    );
  }
  if (group.maxAttempts >= limits.maxDeliveries) {
    problems.add(
      join(path, 'maxAttempts'),
      `must be below ${limits.maxDeliveries}, the deliveries after which ${transport.name} gives a message up, is ${group.maxAttempts}`,
    );
  }
}
