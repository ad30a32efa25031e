import type { ResolvedGroup, ResolvedOptions, ResolvedTopic } from '../config/resolved-options.js';
import { jsonCodec } from '../message/json-codec.js';
import type { DeadLetterSpec, InboundMessage, MessageSource, MqTransport } from '../transport/transport.js';
import type { Feed } from './feed.js';
import { Subscription } from './subscription.js';

/** In place of a topic: brackets are allowed in no name of a topic at a broker. */
const TOPIC = '(dead letters)';

/**
 * What the broker gave up on for one group, of all its topics. No handler runs on it: each message is parked, as it
 * would have been had its last attempt ended here.
 */
export class DeadLetters<Handle = unknown> implements Feed<Handle> {
  readonly place: string;
  readonly request: string;
  readonly ref: Feed['ref'];
  readonly group: ResolvedGroup;
  /** One takes a few milliseconds. Never more of the group's places than that, because its handlers are waiting for them. */
  readonly atOnce = 1;

  constructor(
    private readonly spec: DeadLetterSpec,
    private readonly subscriptions: readonly Subscription<Handle>[],
    private readonly options: Pick<ResolvedOptions, 'topics' | 'tagSuffix'>,
  ) {
    this.group = subscriptions[0]!.group;
    this.ref = { topic: TOPIC, group: this.group.alias };
    this.place = this.request = JSON.stringify([TOPIC, spec.instanceId, spec.groupId]);
  }

  get label(): string {
    return `${this.ref.topic}/${this.ref.group}`;
  }

  open(transport: MqTransport): MessageSource {
    return transport.deadLetters!(this.spec);
  }

  /**
   * Topics come and go, and dead letters stay: one of a topic that this configuration does not know is kept under its own name.
   * One whose broker does not say where it was belongs to the group's only topic, if it has but one.
   * @throws {TypeError} for what does not say that it is a dead letter: handlers, and `unmatched: 'ack'`, must not get it
   */
  subscriptionOf({ deadLetterOf }: InboundMessage): Subscription<Handle> {
    if (!deadLetterOf) throw new TypeError('the transport delivered a dead letter without deadLetterOf');
    const [only, ...others] = this.subscriptions;
    const topic = deadLetterOf.topic ?? (others.length === 0 ? only!.spec.topic : TOPIC);
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

/** One for each group at the broker that is consumed here: two aliases of one group share its dead letters. */
export function deadLettersOf<Handle>(
  subscriptions: readonly Subscription<Handle>[],
  options: Pick<ResolvedOptions, 'topics' | 'tagSuffix' | 'transport'>,
): DeadLetters<Handle>[] {
  if (!options.transport.capabilities.deadLetterSource) return [];
  const groups = new Map<string, { readonly spec: DeadLetterSpec; readonly members: Subscription<Handle>[] }>();
  for (const subscription of subscriptions) {
    const { groupId, instanceId } = subscription.spec;
    const key = JSON.stringify([instanceId, groupId]);
    const group = groups.get(key) ?? { spec: { groupId, instanceId }, members: [] };
    group.members.push(subscription);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ spec, members }) => new DeadLetters(spec, members, options));
}
