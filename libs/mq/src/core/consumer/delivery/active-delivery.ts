import type { DeliveryRef } from '../../events/event-map.js';
import { reportDatabaseFailure } from '../../events/report-database-failure.js';
import { bodyDigest } from '../../message/body-digest.js';
import { MQ_ID, MQ_ROW } from '../../message/wire-properties.js';
import { uuidV7Time } from '../../runtime/uuid-v7-time.js';
import type { AwaitedRow, CopyReason } from '../../store/delivery-store.js';
import type { InboundMessage } from '../../transport/transport.js';
import type { Subscription } from '../handlers/subscription.js';
import type { LeasedDelivery } from '../lease/leased-delivery.js';
import type { ConsumerContext } from '../state/consumer-context.js';
import type { GroupState } from '../state/group-state.js';
import { AttemptCount } from './attempt-count.js';
import { awaitedRow, identify, type Identity } from './identify.js';

/** A delivery that this process works on: its lease, the id of its message, and how often it was attempted. */
export class ActiveDelivery<Handle = unknown> {
  readonly attempts: AttemptCount;
  /** Of the body. `null` for a body that is not what was sent: it cannot show that two messages are copies. */
  readonly digest: number | null;
  private identity: Identity;

  constructor(
    readonly context: ConsumerContext<Handle>,
    readonly subscription: Subscription<Handle>,
    private readonly group: GroupState,
    readonly lease: LeasedDelivery,
  ) {
    const { body, unreadable } = lease.message;
    this.identity = identify(lease.message, subscription);
    this.digest = unreadable === undefined ? bodyDigest(body) : null;
    this.attempts = new AttemptCount(
      this.isDeadLetter ? null : lease.deliveryCount,
      subscription.group.maxAttempts,
      subscription.topic.ordered,
      () => context.deliveries.countFailures(subscription.group.groupId, this.id),
    );
  }

  get message(): InboundMessage {
    return this.lease.message;
  }

  get id(): string {
    return this.identity.id;
  }

  /** What the group's `identify` threw or returned wrongly, `null` if nothing. */
  get identifyProblem(): unknown {
    return this.identity.problem;
  }

  get isDeadLetter(): boolean {
    return this.message.deadLetterOf !== undefined;
  }

  /** For events. */
  get ref(): DeliveryRef {
    const { topic, group } = this.subscription;
    return {
      topic: topic.alias,
      group: group.alias,
      messageId: this.id,
      key: this.message.key ?? this.id,
      attempt: this.attempts.attempt,
    };
  }

  /** When it was published, a replay when somebody asked for it: the id says so if it is ours, else the broker. */
  get publishedAt(): Date | null {
    const { properties, publishedAt } = this.message;
    const at = uuidV7Time(properties[MQ_ROW] ?? properties[MQ_ID] ?? '') ?? publishedAt;
    return at > 0 ? new Date(at) : null;
  }

  /**
   * Why a message came that was handled before. A copy that the broker delivers for the first time was sent for itself.
   * @param again whether this process had this very delivery before: it waited in memory after a COMMIT without an answer
   */
  whyCopied(again: boolean): CopyReason {
    if (again || this.isDeadLetter || this.lease.deliveryCount > 1) return 'redelivered';
    return this.message.properties[MQ_ROW] === undefined ? 'sent-twice' : 'replayed';
  }

  /** The status row that is settled when this group has handled the message. */
  get awaited(): AwaitedRow | null {
    const { settleGroup } = this.subscription;
    return settleGroup === null ? null : awaitedRow(this.message, this.id, settleGroup);
  }

  /** Calls the group's `identify` again if it failed before. */
  identifyAgain(): void {
    if (this.identity.problem !== null) this.identity = identify(this.message, this.subscription);
  }

  /** Gives the message another id, because its own belongs to another message. */
  identifyAs(id: string): void {
    this.identity = { id, problem: null };
  }

  /** Whether it may wait in memory for an attempt after `delayMs`. */
  canWait(delayMs: number): boolean {
    return this.group.held.hasRoom && this.lease.fitsAfter(delayMs);
  }

  /** @param statement what failed, e.g. `parking` */
  reportDatabaseFailure(statement: string, error: unknown): void {
    reportDatabaseFailure(this.context.events, `consumer:${this.subscription.label} ${statement}`, error);
  }
}
