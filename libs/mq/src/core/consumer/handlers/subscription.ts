import type { ResolvedGroup, ResolvedTopic } from '../../config/resolved-options.js';
import type { GroupRef } from '../../events/event-map.js';
import { plainTag } from '../../message/plain-tag.js';
import { schemaFor } from '../../message/topic.js';
import type { SubscriptionSpec } from '../../transport/transport.js';
import type { RegisteredHandler } from './handler.js';

/** Subscription of a group to a topic: what the broker is asked for, and which handler takes which message. */
export class Subscription<Handle = unknown> {
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
      // Sorted: brokers require the same expression, character by character, from every consumer of a group.
      tags: tags === null ? null : tags.map((tag) => tag + tagSuffix).sort(),
      ordered: topic.ordered,
    };
    for (const handler of handlers) {
      if (handler.tags === null) this.catchAll = handler;
      else for (const tag of handler.tags) this.byWireTag.set(tag + tagSuffix, handler);
    }
  }

  /** For events and health. */
  get ref(): GroupRef {
    return { topic: this.topic.alias, group: this.group.alias };
  }

  /** For error messages and log lines. */
  get label(): string {
    return `${this.topic.alias}/${this.group.alias}`;
  }

  /** Alias of the group whose handling settles the status row of these messages, `null` when the broker's acceptance does. */
  get settleGroup(): string | null {
    return this.topic.settleOn?.group === this.group.alias ? this.group.alias : null;
  }

  /**
   * The smallest size of its batches if all of its handlers handle batches, so that one slot holds as many messages; `null` otherwise.
   */
  get batchSize(): number | null {
    const sizes = this.handlers.map(({ batch }) => batch?.size ?? 0);
    return sizes.length === 0 || sizes.includes(0) ? null : Math.min(...sizes);
  }

  /** How long a message may wait for the others of its batch. */
  get batchWaitMs(): number {
    return Math.max(0, ...this.handlers.map(({ batch }) => batch?.waitMs ?? 0));
  }

  /** Tags that the configuration asks the broker for, without suffix, and that no handler takes. */
  get idleTags(): readonly string[] {
    return (this.group.tags ?? []).filter((tag) => this.handlerFor(tag + this.tagSuffix) === null);
  }

  /** What arrives for a handler, without suffix: its own tags, else what of the group's others leave; `null` for everything. */
  tagsFor(handler: RegisteredHandler<Handle>): readonly string[] | null {
    const { tags } = this.group;
    return handler.tags ?? tags?.filter((tag) => this.handlerFor(tag + this.tagSuffix) === handler) ?? null;
  }

  /** Finds the handler for a tag. A tag of another environment has none, not even the catch-all, and neither has one without a schema there. */
  handlerFor(wireTag: string | null): RegisteredHandler<Handle> | null {
    const named = wireTag === null ? undefined : this.byWireTag.get(wireTag);
    if (named) return named;
    const foreign = this.tagSuffix !== '' && !(wireTag ?? '').endsWith(this.tagSuffix);
    return foreign || !hasSchemaFor(this.catchAll, plainTag(wireTag, this.tagSuffix)) ? null : this.catchAll;
  }
}

function hasSchemaFor(handler: RegisteredHandler<never> | null, tag: string | null): boolean {
  return !handler?.schemas || schemaFor(handler.schemas, tag) !== null;
}

/** The group's own tags; without them the union of its handlers' tags; `null` (all messages) as soon as one handler names none. */
function subscribedTags(group: ResolvedGroup, handlers: readonly RegisteredHandler[]): readonly string[] | null {
  if (group.tags !== null) return group.tags;
  const named = handlers.map((handler) => handler.tags);
  return named.includes(null) ? null : [...new Set(named.flatMap((tags) => tags ?? []))];
}
