import type { AsyncContext, IEvent, IEventPublisher } from '@nestjs/cqrs';
import { readProperty } from '../../core/runtime/read-property.js';
import type { EventStage, Staging } from './event-stage.js';

/** Stages the marked ones of the events that are published, and hands all of them to the publisher that was there before. */
export class OutboxPublisher implements IEventPublisher {
  constructor(
    private readonly next: IEventPublisher,
    private readonly stage: EventStage,
  ) {}

  publish<E extends IEvent>(event: E, context?: unknown, asyncContext?: AsyncContext): unknown {
    const staged = this.stage.stage([event], context);
    return both(staged, this.next.publish(event, context, asyncContext));
  }

  publishAll<E extends IEvent>(events: E[], context?: unknown, asyncContext?: AsyncContext): unknown {
    const { next } = this;
    const staged = this.stage.stage(events ?? [], context);
    const answer: unknown = next.publishAll
      ? next.publishAll(events, context, asyncContext)
      : (events ?? []).map((event) => next.publish(event, context, asyncContext) as unknown);
    return both(staged, answer);
  }
}

/** What the other publisher answers, once the messages are staged; at once if there are none. */
function both(staged: Staging | null, answer: unknown): unknown {
  if (staged === null) return answer;
  const { done, isHeld } = staged;
  const isPromise = typeof readProperty(answer, 'then') === 'function';
  const all = isPromise ? Promise.all([done, answer]).then(([, value]) => value) : done.then(() => answer);
  // The commit tells, so nobody has to await this one. What another publisher promises is for whoever publishes, as without us.
  if (isHeld && !isPromise) all.catch(() => undefined);
  return all;
}
