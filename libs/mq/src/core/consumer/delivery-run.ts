import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { isA } from '../errors/is-a.js';
import type { DeliveryRef, MqEventMap } from '../events/event-map.js';
import type { MqMessage } from '../message/message.js';
import { bodyDigest } from '../message/body-digest.js';
import { idBesides } from '../message/message-id.js';
import { MQ_GROUP } from '../message/wire-properties.js';
import { verdictOn } from '../retry/failure-verdict.js';
import { type AwaitedRow, type InboxHolds, Unstorable } from '../store/delivery-store.js';
import { AttemptCount } from './attempt-count.js';
import { runAttempt, type AttemptOutcome } from './attempt.js';
import type { ConsumerContext } from './consumer-context.js';
import { deliveryEntry, deliveryFailure } from './delivery-entry.js';
import {
  connectionLostAgain,
  exhausted,
  givenUp,
  halfDone,
  idConflict,
  undecodable,
  unmatched,
  unstorable,
} from './delivery-errors.js';
import type { GroupState } from './group-state.js';
import type { RegisteredHandler } from './handler.js';
import { awaitedRow, identify, toMqMessage, type Identity } from './inbound.js';
import type { LeasedDelivery } from './leased-delivery.js';
import type { Subscription } from './subscription.js';

/** Pause before the next attempt of a delivery that the database turned away. Polls wait for the database itself. */
const DATABASE_RETRY_MS = 5_000;
/**
 * Pause before a dead letter that could not be parked comes again: 17 deliveries, after which a broker may give it up once
 * more, last longer than an hour. Always the same, because brokers differ in whether earlier deliveries count here too.
 */
const DEAD_LETTER_RETRY_MS = 300_000;

/** What a step left behind. `done`: acknowledged, or about to be. `again`: to be held in memory. `left`: the broker has it. */
export type StepResult = { readonly kind: 'done' | 'left' } | { readonly kind: 'again'; readonly inMs: number };

const DONE: StepResult = { kind: 'done' };
const LEFT: StepResult = { kind: 'left' };

/**
 * One delivery in the hands of this process, from its arrival until it is acknowledged or left to the broker. Each
 * `step()` is at most one attempt; the caller gives it a place to run in.
 *
 *     arrived ─ a replay for another group, or a tag nobody takes (`unmatched: 'ack'`) ──────────→ acknowledged
 *             ─ a dead letter ───────────────────────────────────────────────────────────────────→ parking
 *             ─ a tag nobody takes, a body that cannot be decoded, attempts used up ─────────────→ parking
 *             ─ too little of the lease left for a whole attempt ────────────────────────────────→ left to the broker
 *             ─ otherwise ─→ attempt
 *     attempt ─ handled, or the inbox knows the message ─────────────────────────────────────────→ acknowledged
 *             ─ contention: a copy is being handled elsewhere; shutdown cut it off ──────────────→ left to the broker
 *             ─ the inbox knows it as half done, or its id as that of another message ───────────→ parking
 *             ─ the database failed before the handler started: not counted, polls pause ────────→ held, or left
 *             ─ its connection broke in the handler, for the first time here: the same ──────────→ held, or left
 *             ─ the database refuses a value of the message ─────────────────────────────────────→ parking
 *             ─ failed for good, or once too often ──────────────────────────────────────────────→ parking
 *             ─ failed otherwise: recorded; the broker is told the delay, if it takes one ───────→ held, or left
 *     held    ─ its time has come ───────────────────────────────────────────────────────────────→ arrived
 *             ─ shutdown ────────────────────────────────────────────────────────────────────────→ left to the broker
 *     parking ─ written, or another copy's inbox row is there ───────────────────────────────────→ acknowledged
 *             ─ the row there is half done, or of another message ───────────────────────────────→ parking, as that
 *             ─ the database failed ─────────────────────────────────────────────────────────────→ left to the broker
 *
 * "Left" loses nothing: the lease ends and the broker delivers again. Only what the database holds is acknowledged.
 */
export class DeliveryRun<Handle> {
  private identity: Identity;
  /** `null` for a body that is not what was sent: it says nothing about which message this is. */
  private readonly digest: number | null;
  private readonly count: AttemptCount;
  private lostConnections = 0;

  constructor(
    private readonly context: ConsumerContext<Handle>,
    private readonly subscription: Subscription<Handle>,
    private readonly group: GroupState,
    private readonly lease: LeasedDelivery,
  ) {
    this.identity = this.identify();
    const { body, unreadable } = lease.message;
    this.digest = unreadable === undefined ? bodyDigest(body) : null;
    const { maxAttempts } = subscription.group;
    const deliveries = this.isDeadLetter ? null : lease.deliveryCount;
    this.count = new AttemptCount(deliveries, maxAttempts, subscription.topic.ordered, () => this.lookUpFailures());
  }

  get ref(): DeliveryRef {
    const { topic, group } = this.subscription;
    const { id } = this.identity;
    return {
      topic: topic.alias,
      group: group.alias,
      messageId: id,
      key: this.lease.message.key ?? id,
      attempt: this.count.attempt,
    };
  }

  /** One attempt, or what makes it needless. Never rejects. */
  async step(): Promise<StepResult> {
    const { subscription, lease } = this;
    const { message } = lease;
    if (this.identity.problem !== null) this.identity = this.identify();
    const { id } = this.identity;
    const target = message.properties[MQ_GROUP];
    if (target !== undefined && target !== subscription.group.groupId) return this.skip('other-group');
    if (this.isDeadLetter) return this.parkDeadLetter();
    const handler = subscription.handlerFor(message.tag);
    if (!handler) {
      if (subscription.group.unmatched === 'ack') return this.skip('unmatched');
      return this.park(unmatched(subscription, id, message.tag));
    }
    if (message.unreadable !== undefined)
      return this.park(undecodable(subscription, id, new Error(message.unreadable)));
    let decoded: MqMessage;
    try {
      decoded = toMqMessage(message, id, subscription);
    } catch (error) {
      return this.park(undecodable(subscription, id, error));
    }
    if (!(await lease.ensure())) return this.leave('lease');
    try {
      await this.count.load();
    } catch (error) {
      return this.turnedAway(error);
    }
    if (this.count.isExhausted) return this.park(exhausted(subscription, id, this.count.failures, lease.deliveryCount));
    if (this.identity.problem !== null) return this.fail(this.identity.problem);
    return this.attemptWith(handler, decoded);
  }

  /**
   * Leaves the delivery to the broker. Where that takes a delay it may have it back at once when nothing is wrong with the
   * message: at shutdown for somebody else, behind a failed one of its key because a broker may hold up a whole queue for
   * as long as one of its messages is leased (RocketMQ 5 did: 30 s for a retry after half a second).
   */
  async leave(reason: MqEventMap['delivery.released']['reason']): Promise<StepResult> {
    this.context.events.emit('delivery.released', { ...this.ref, reason });
    if (reason === 'shutdown' || reason === 'order') await this.lease.retryIn(0, true);
    return LEFT;
  }

  private get isDeadLetter(): boolean {
    return this.lease.message.deadLetterOf !== undefined;
  }

  private identify(): Identity {
    return identify(this.lease.message, this.subscription);
  }

  private lookUpFailures(): Promise<number> {
    return this.context.deliveries.failures(this.subscription.group.groupId, this.identity.id);
  }

  private async attemptWith(handler: RegisteredHandler<Handle>, message: MqMessage): Promise<StepResult> {
    const { context, subscription, lease } = this;
    const controller = new AbortController();
    const startedAt = context.clock.monotonic();
    const keeper = lease.keep(() => controller.abort(new Error('the lease of the delivery was lost')));
    const outcome = await runAttempt(context, {
      subscription,
      handler,
      message,
      brokerMessageId: lease.message.brokerMessageId,
      awaited: this.awaited,
      digest: this.digest,
      attempt: this.count.attempt,
      lockWaitMs: lease.lockWaitMs,
      controller,
      leaseSuffices: () => (keeper ? !keeper.isLost : lease.suffices),
    });
    await lease.release(keeper);
    return this.conclude(outcome, context.clock.monotonic() - startedAt, keeper?.isLost ?? false);
  }

  private conclude(outcome: AttemptOutcome, durationMs: number, leaseLost: boolean): StepResult | Promise<StepResult> {
    switch (outcome.kind) {
      case 'handled':
        this.context.events.emit('delivery.handled', { ...this.ref, durationMs: Math.round(durationMs) });
        return this.ack();
      case 'known':
        return this.concludeKnown(outcome.holds, undefined);
      case 'contention':
        return this.leave('contention');
      case 'no-lease':
        return this.leave('lease');
      case 'shutdown':
        return this.leave('shutdown');
      case 'database':
        return this.turnedAway(outcome.error);
      case 'lost':
        return this.loseConnection(outcome.error);
      case 'failed':
        // A handler that stopped because its lease was lost has not failed; the message is somebody else's by now.
        return leaseLost ? this.leave('lease') : this.fail(outcome.error);
    }
  }

  private async fail(error: unknown): Promise<StepResult> {
    const { context, subscription, lease } = this;
    const { maxAttempts, alias, backoff } = subscription.group;
    const { ref } = this;
    const delay = verdictOn(
      {
        side: 'consume',
        attempt: ref.attempt,
        maxAttempts,
        error,
        messageId: ref.messageId,
        topic: ref.topic,
        group: alias,
      },
      backoff,
    );
    // On its last delivery only parking keeps it within reach: the broker would give it up.
    if (delay === 'park' || lease.isLast) return this.park(error);
    await this.record(error);
    this.count.add();
    const told = await lease.retryIn(delay);
    const held = !lease.takesDelay && this.canHold(delay);
    const retryInMs = told || held ? delay : null;
    context.events.emit('delivery.failed', { ...ref, error: deliveryFailure(error), retryInMs });
    return held ? { kind: 'again', inMs: delay } : LEFT;
  }

  /**
   * The database failed before the handler ran: nothing is held against the message, and polls wait for the database. Unless
   * it is this message alone that it refuses.
   */
  private turnedAway(error: unknown): StepResult | Promise<StepResult> {
    if (isA(error, Unstorable)) return this.park(unstorable(this.subscription, this.identity.id, error.cause));
    this.context.database.failed(error);
    return this.canHold(DATABASE_RETRY_MS) ? { kind: 'again', inMs: DATABASE_RETRY_MS } : this.leave('database');
  }

  /**
   * A handler can break its own connection, each time. So the second time on one delivery counts as a failed attempt; were a
   * broker to deliver again in between, its count ends that.
   */
  private loseConnection(error: unknown): StepResult | Promise<StepResult> {
    if (++this.lostConnections === 1) return this.turnedAway(error);
    return this.fail(connectionLostAgain(this.subscription, this.identity.id, error));
  }

  private canHold(delayMs: number): boolean {
    return this.group.held.hasRoom && this.lease.fitsAfter(delayMs);
  }

  /** The lookup also tells a database that is away, for which polls wait, from one that refuses this row. */
  private async parkDeadLetter(): Promise<StepResult> {
    const { subscription, identity, lease } = this;
    try {
      await this.count.load();
    } catch (error) {
      return this.turnedAway(error);
    }
    const result = await this.park(givenUp(subscription, identity.id, this.count.failures));
    if (result.kind === 'left') await lease.retryIn(DEAD_LETTER_RETRY_MS);
    return result;
  }

  /** After the attempt's rollback and outside of it, so that neither takes the other along. */
  private async park(error: unknown): Promise<StepResult> {
    const { context, subscription, ref } = this;
    const { group } = subscription;
    // Without an inbox this row is all that tells a dead letter that was parked from one that was not.
    const inbox = group.inbox || this.isDeadLetter;
    const failure = deliveryFailure(error);
    const options = { inbox, awaited: this.awaited, digest: this.digest, halfDone: failure.code === 'MQ_HALF_DONE' };
    let found: 'written' | InboxHolds;
    try {
      found = await context.deliveries.park(deliveryEntry(this.failed, error, true), options);
    } catch (problem) {
      this.tell('parking', problem);
      return this.leave('database');
    }
    if (found !== 'written') return this.concludeKnown(found, error);
    context.events.emit('delivery.parked', { ...ref, error: failure });
    return this.ack();
  }

  /** The inbox has a row under this id. @param cause why the message was to be parked, where it was */
  private concludeKnown(holds: InboxHolds, cause: unknown): StepResult | Promise<StepResult> {
    const { subscription, identity } = this;
    switch (holds) {
      case 'handled':
      case 'parked':
        return this.acknowledgeDuplicate(holds);
      case 'half-done':
        return this.park(halfDone(subscription, identity.id, cause));
      case 'other': {
        const keptAs = idBesides(identity.id, this.digest!);
        this.identity = { id: keptAs, problem: null };
        return this.park(idConflict(subscription, identity.id, keptAs));
      }
    }
  }

  private async record(error: unknown): Promise<void> {
    try {
      await this.context.deliveries.recordFailure(deliveryEntry(this.failed, error, false));
    } catch (failure) {
      this.tell('recording a failure', failure);
    }
  }

  private async acknowledgeDuplicate(of: 'handled' | 'parked'): Promise<StepResult> {
    const { context, lease, ref, awaited } = this;
    if (of === 'handled' && awaited !== null) {
      try {
        await context.deliveries.settleHandled(awaited, lease.message.brokerMessageId);
      } catch (error) {
        // Parking is no way out of here: the inbox has the message.
        if (!isA(error, Unstorable)) return this.turnedAway(error);
        this.tell('settling', error.cause);
      }
    }
    context.events.emit('delivery.duplicate', ref);
    return this.ack();
  }

  private skip(reason: MqEventMap['delivery.skipped']['reason']): StepResult {
    this.context.events.emit('delivery.skipped', { ...this.ref, reason });
    return this.ack();
  }

  private ack(): StepResult {
    this.lease.ack();
    return DONE;
  }

  /** The status row that is done when this group has handled the message. */
  private get awaited(): AwaitedRow | null {
    const { settleGroup } = this.subscription;
    return settleGroup === null ? null : awaitedRow(this.lease.message, this.identity.id, settleGroup);
  }

  private get failed(): Parameters<typeof deliveryEntry>[0] {
    const { context, subscription, lease, identity } = this;
    const { attempt } = this.count;
    return { message: lease.message, messageId: identity.id, subscription, attempt, instance: context.instance };
  }

  private tell(what: string, error: unknown): void {
    reportDatabaseFailure(this.context.events, `consumer:${this.subscription.label} ${what}`, error);
  }
}
