import { configError } from '../../config/resolve-options.js';
import { LEASE_MARGIN_MS } from '../../config/resolve-groups.js';
import type { ResolvedOptions } from '../../config/resolved-options.js';
import { MqError } from '../../errors/mq-error.js';
import { schemaFor, tagsOf } from '../../message/topic.js';
import { batchProblems } from './batch-problems.js';
import type { RegisteredHandler } from './handler.js';
import { Subscription } from './subscription.js';

/** Options that handlers are validated against. */
export type RegistryOptions = Pick<ResolvedOptions, 'connection' | 'topics' | 'groups' | 'tagSuffix' | 'transport'>;

/**
 * Registry of the handlers of one connection: the validated list, and the subscriptions that follow from it. Immutable: new
 * handlers make a new registry, so that a list with a mistake leaves the running one unchanged.
 *
 * @throws {MqError} `MQ_UNKNOWN_TOPIC`, `MQ_UNKNOWN_GROUP`, `MQ_DUPLICATE_HANDLER`, or `MQ_CONFIG_INVALID` with
 *   all mistakes that show only when the handlers are known
 */
export class HandlerRegistry<Handle = unknown> {
  readonly handlers: readonly RegisteredHandler<Handle>[];
  readonly subscriptions: readonly Subscription<Handle>[];

  constructor(handlers: readonly RegisteredHandler<Handle>[], options: RegistryOptions) {
    this.handlers = withoutRepeats(handlers);
    const byPair = new Map<string, RegisteredHandler<Handle>[]>();
    for (const handler of this.handlers) {
      requireAliases(handler, options);
      const pair = JSON.stringify([handler.topic, handler.group]);
      byPair.set(pair, [...(byPair.get(pair) ?? []), handler]);
    }
    this.subscriptions = [...byPair.values()].map((list) => {
      refuseConflicts(list, options.connection);
      const { topic, group } = list[0]!;
      return new Subscription(options.topics.get(topic)!, options.groups.get(group)!, options.tagSuffix, list);
    });
    const problems = this.subscriptions.flatMap((subscription) => problemsOf(subscription, options));
    problems.push(...sharedSubscriptions(this.subscriptions));
    if (problems.length > 0) throw configError(options.connection, problems);
  }
}

/** Finds aliases of one group and topic at the broker: each would get a part of the messages, and one would miss tags. */
function sharedSubscriptions(subscriptions: readonly Subscription[]): string[] {
  const labels = new Map<string, string>();
  const problems: string[] = [];
  for (const { spec, label } of subscriptions) {
    const physical = JSON.stringify([spec.instanceId, spec.topic, spec.groupId]);
    const other = labels.get(physical);
    if (other === undefined) labels.set(physical, label);
    else
      problems.push(
        `${label} and ${other} are the same topic '${spec.topic}' and group '${spec.groupId}' at the broker; use one alias for both`,
      );
  }
  return problems;
}

/** Removes repeated handlers: a provider that two modules list is found twice, with the same class. */
function withoutRepeats<Handle>(handlers: readonly RegisteredHandler<Handle>[]): RegisteredHandler<Handle>[] {
  const kept: RegisteredHandler<Handle>[] = [];
  for (const handler of handlers) {
    if (!kept.some((other) => isSame(handler, other))) kept.push(handler);
  }
  return kept;
}

function isSame(a: RegisteredHandler, b: RegisteredHandler): boolean {
  if (a.topic !== b.topic || a.group !== b.group || a.name !== b.name) return false;
  if (JSON.stringify(a.tags) !== JSON.stringify(b.tags)) return false;
  // Two classes may share a name; merging those would leave one of them without messages, and no error would say so.
  return a.owner !== undefined ? a.owner === b.owner : a.invoke === b.invoke;
}

function requireAliases(handler: RegisteredHandler, options: RegistryOptions): void {
  const { connection, topics, groups } = options;
  if (!topics.has(handler.topic)) throw unknown('MQ_UNKNOWN_TOPIC', 'topic', handler.topic, [...topics.keys()]);
  if (!groups.has(handler.group)) throw unknown('MQ_UNKNOWN_GROUP', 'group', handler.group, [...groups.keys()]);

  function unknown(
    code: 'MQ_UNKNOWN_TOPIC' | 'MQ_UNKNOWN_GROUP',
    kind: string,
    alias: string,
    known: string[],
  ): MqError {
    return new MqError(
      code,
      `${handler.name} consumes the ${kind} '${alias}', but MqModule (connection '${connection}') configures no such alias. ` +
        `Known: ${known.join(', ') || 'none'}. Add it to ${kind}s, or correct the alias in @MqConsumer().`,
      { details: { alias, known, handler: handler.name, connection } },
    );
  }
}

function refuseConflicts(handlers: readonly RegisteredHandler[], connection: string): void {
  const takenBy = new Map<string | null, string>();
  for (const handler of handlers) {
    for (const tag of new Set<string | null>(handler.tags ?? [null])) {
      const other = takenBy.get(tag);
      if (other !== undefined) throw conflict(handler, tag, other);
      takenBy.set(tag, handler.name);
    }
  }

  function conflict(handler: RegisteredHandler, tag: string | null, other: string): MqError {
    const { topic, group, name } = handler;
    return new MqError(
      'MQ_DUPLICATE_HANDLER',
      `${other} and ${name} both want ${tag === null ? 'all messages' : `the tag '${tag}'`} of topic '${topic}' in group '${group}'. ` +
        'A message has one handler in each group: give them different tags, or different groups.',
      { details: { topic, group, tag, handlers: [other, name], connection } },
    );
  }
}

function problemsOf(subscription: Subscription, options: RegistryOptions): string[] {
  const { topic, group, spec, handlers, label } = subscription;
  const { capabilities, name } = options.transport;
  const path = `groups.${group.alias}`;
  const problems: string[] = [];
  for (const handler of handlers) {
    if (handler.tags?.length === 0)
      problems.push(`${handler.name}: tags must not be empty; leave it out for all messages`);
    const unchecked = (handler.tags ?? []).filter((tag) => handler.schemas && schemaFor(handler.schemas, tag) === null);
    if (unchecked.length > 0) {
      problems.push(
        `${handler.name}: topic '${topic.alias}' has no schema for ${unchecked.map((tag) => `'${tag}'`).join(', ')}, but for ` +
          tagsOf(handler.schemas!)!.join(', '),
      );
    }
    const outside = group.tags === null ? [] : (handler.tags ?? []).filter((tag) => !group.tags!.includes(tag));
    if (outside.length > 0) {
      problems.push(
        `${path}.tags: ${handler.name} takes ${outside.map((tag) => `'${tag}'`).join(', ')} of '${topic.alias}', ` +
          `but the group subscribes to ${group.tags!.join(', ')} only, so nothing would arrive; add the tag to the group`,
      );
    }
  }
  if (options.tagSuffix !== '' && spec.tags === null) {
    problems.push(
      `${path}.tags: with tagSuffix '${options.tagSuffix}' a group needs tags, because '${label}' would take the messages ` +
        'of every environment; list the tags here or in @MqConsumer()',
    );
  }
  const { chooseLease, leaseExtension, limits } = capabilities;
  if (topic.ordered && !chooseLease && !leaseExtension && group.timeoutMs + LEASE_MARGIN_MS > limits.leaseMs.ordered) {
    problems.push(
      `${path}.timeout: ${group.timeoutMs} ms do not fit into the lease of ${limits.leaseMs.ordered} ms that ${name} gives ` +
        `for the ordered topic '${topic.alias}'; ${limits.leaseMs.ordered - LEASE_MARGIN_MS} ms is the longest`,
    );
  }
  problems.push(...batchProblems(subscription, options.transport));
  for (const { path: where, problem } of options.transport.validateSubscription(spec)) {
    problems.push(`${path} (topic '${topic.alias}'): ${where} ${problem}`);
  }
  return problems;
}
