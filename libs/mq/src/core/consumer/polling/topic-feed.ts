import type { ResolvedGroup } from '../../config/resolved-options.js';
import type { GroupRef } from '../../events/event-map.js';
import type { MessageSource, MqTransport } from '../../transport/transport.js';
import type { Subscription } from '../handlers/subscription.js';
import type { Feed } from './feed.js';

/** Feed of the messages of one topic for one group. Only the slots limit how many deliveries are in progress. */
export class TopicFeed<Handle = unknown> implements Feed<Handle> {
  readonly key: string;
  readonly request: string;
  readonly ref: GroupRef;
  readonly label: string;
  readonly group: ResolvedGroup;
  readonly tags: readonly string[] | null;
  readonly atOnce = Infinity;
  readonly prefetches: boolean;
  readonly batchSize: number | null;
  readonly batchWaitMs: number;

  constructor(private readonly subscription: Subscription<Handle>) {
    const { topic, group, spec, ref, label, batchSize, batchWaitMs } = subscription;
    this.key = JSON.stringify([topic.alias, group.alias]);
    this.request = JSON.stringify(spec);
    this.ref = ref;
    this.label = label;
    this.group = group;
    this.tags = spec.tags;
    this.prefetches = !spec.ordered && batchSize === null;
    this.batchSize = batchSize;
    this.batchWaitMs = batchWaitMs;
  }

  subscribe(transport: MqTransport): MessageSource {
    return transport.subscribe(this.subscription.spec);
  }

  subscriptionOf(): Subscription<Handle> {
    return this.subscription;
  }
}
