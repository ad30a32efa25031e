import type { ResolvedGroup, ResolvedOptions, ResolvedTopic } from '../../config/resolved-options.js';
import { jsonCodec } from '../../message/json-codec.js';
import type { DeadLetterSpec, InboundMessage, MessageSource, MqTransport } from '../../transport/transport.js';
import { Subscription } from '../handlers/subscription.js';
import type { Feed } from './feed.js';

/** Stands for the topic. No broker allows brackets in the name of a topic. */
export const DEAD_LETTERS = '(dead letters)';

/**
 * Feed of the dead letters of one group, of all its topics. No handler runs on them: each is parked, as it would have been if
 * its last attempt had ended in this process.
 */
export class DeadLetterFeed<Handle = unknown> implements Feed<Handle> {
  readonly key: string;
  readonly request: string;
  readonly ref: Feed['ref'];
  readonly group: ResolvedGroup;
  /** Parking takes a few milliseconds. One slot of the group is enough, because its handlers wait for the others. */
  readonly atOnce = 1;
  readonly prefetches = false;
  readonly tags = null;
  readonly batchSize = null;
  readonly batchWaitMs = 0;

  constructor(
    private readonly spec: DeadLetterSpec,
    private readonly subscriptions: readonly Subscription<Handle>[],
    private readonly options: Pick<ResolvedOptions, 'topics' | 'tagSuffix'>,
  ) {
    this.group = subscriptions[0]!.group;
    this.ref = { topic: DEAD_LETTERS, group: this.group.alias };
    this.key = this.request = JSON.stringify([DEAD_LETTERS, spec.instanceId, spec.groupId]);
  }

  get label(): string {
    return `${this.ref.topic}/${this.ref.group}`;
  }

  subscribe(transport: MqTransport): MessageSource {
    return transport.deadLetters!(this.spec);
  }

  /**
   * Finds the subscription that a dead letter came from. Dead letters outlast topics: one of a topic that is not configured
   * gets a subscription without handlers, under the topic's own name. One whose broker does not say where it was belongs to
   * the group's topic, if the group has only one.
   * @throws {TypeError} for a message that is not marked as a dead letter: handlers, and `unmatched: 'ack'`, must not get it
   */
  subscriptionOf({ deadLetterOf }: InboundMessage): Subscription<Handle> {
    if (!deadLetterOf) throw new TypeError('the transport delivered a dead letter without deadLetterOf');
    const [only, ...others] = this.subscriptions;
    const topic = deadLetterOf.topic ?? (others.length === 0 ? only!.spec.topic : DEAD_LETTERS);
    return (
      this.subscriptions.find(({ spec }) => spec.topic === topic) ??
      new Subscription<Handle>(this.topicNamed(topic), this.group, this.options.tagSuffix, [])
    );
  }

  private topicNamed(topic: string): ResolvedTopic {
    const { instanceId } = this.spec;
    const configured = [...this.options.topics.values()].find(
      (candidate) => candidate.topic === topic && candidate.instanceId === instanceId,
    );
    return configured ?? { alias: topic, topic, instanceId, ordered: false, codec: jsonCodec, settleOn: null };
  }
}

/** Makes one feed for each group at the broker: two aliases of one group share its dead letters. */
export function deadLetterFeedsOf<Handle>(
  subscriptions: readonly Subscription<Handle>[],
  options: Pick<ResolvedOptions, 'topics' | 'tagSuffix' | 'transport'>,
): DeadLetterFeed<Handle>[] {
  if (!options.transport.capabilities.deadLetterSource) return [];
  const groups = new Map<string, { readonly spec: DeadLetterSpec; readonly members: Subscription<Handle>[] }>();
  for (const subscription of subscriptions) {
    const { groupId, instanceId } = subscription.spec;
    const key = JSON.stringify([instanceId, groupId]);
    const group = groups.get(key) ?? { spec: { groupId, instanceId }, members: [] };
    group.members.push(subscription);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ spec, members }) => new DeadLetterFeed(spec, members, options));
}
