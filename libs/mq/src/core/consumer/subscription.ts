import type { ResolvedGroup, ResolvedTopic } from '../config/resolved-options.js';
import type { GroupRef } from '../events/event-map.js';
import type { MessageSource, MqTransport, SubscriptionSpec } from '../transport/transport.js';
import type { Feed } from './feed.js';
import type { RegisteredHandler } from './handler.js';

/** The messages of one (topic, group): what is asked of the broker, and which handler takes which of them. */
export class Subscription<Handle = unknown> implements Feed<Handle> {
  readonly place: string;
  readonly request: string;
  readonly atOnce = Infinity;
  readonly spec: SubscriptionSpec;
  private readonly byWireTag = new Map<string, RegisteredHandler<Handle>>();
  private readonly catchAll: RegisteredHandler<Handle> | null = null;

  constructor(
    readonly topic: ResolvedTopic,
    readonly group: ResolvedGroup,
    readonly tagSuffix: string,
    readonly handlers: readonly RegisteredHandler<Handle>[],
  ) {
    const tags = subscribedTags(group, handlers);
    this.spec = {
      topic: topic.topic,
      instanceId: topic.instanceId,
      groupId: group.groupId,
      // Sorted: brokers want the very same expression from every consumer of a group.
      tags: tags === null ? null : tags.map((tag) => tag + tagSuffix).sort(),
      ordered: topic.ordered,
    };
    this.place = JSON.stringify([topic.alias, group.alias]);
    this.request = JSON.stringify(this.spec);
    for (const handler of handlers) {
      if (handler.tags === null) this.catchAll = handler;
      else for (const tag of handler.tags) this.byWireTag.set(tag + tagSuffix, handler);
    }
  }

  get ref(): GroupRef {
    return { topic: this.topic.alias, group: this.group.alias };
  }

  get label(): string {
    return `${this.topic.alias}/${this.group.alias}`;
  }

  open(transport: MqTransport): MessageSource {
    return transport.subscribe(this.spec);
  }

  subscriptionOf(): this {
    return this;
  }

  /** Group alias whose handling finishes the status row of these messages, `null` when the broker's acceptance does. */
  get settleGroup(): string | null {
    return this.topic.settleOn?.group === this.group.alias ? this.group.alias : null;
  }

  /** Who takes a message with this tag. A tag of another environment is nobody's, also not the catch-all's. */
  handlerFor(wireTag: string | null): RegisteredHandler<Handle> | null {
    const named = wireTag === null ? undefined : this.byWireTag.get(wireTag);
    if (named) return named;
    const foreign = this.tagSuffix !== '' && !(wireTag ?? '').endsWith(this.tagSuffix);
    return foreign ? null : this.catchAll;
  }
}

/** The group's own tags; without them the union of what its handlers name; all messages as soon as one names none. */
function subscribedTags(group: ResolvedGroup, handlers: readonly RegisteredHandler[]): readonly string[] | null {
  if (group.tags !== null) return group.tags;
  const named = handlers.map((handler) => handler.tags);
  return named.includes(null) ? null : [...new Set(named.flatMap((tags) => tags ?? []))];
}
