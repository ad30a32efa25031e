import { Discard } from '../../errors/control-flow.js';
import { isA } from '../../errors/is-a.js';
import type { DeliveryRef, MqEventMap } from '../../events/event-map.js';
import type { MqMessage } from '../../message/message.js';
import { MQ_GROUP } from '../../message/wire-properties.js';
import { type CopyReason, Unstorable } from '../../store/delivery-store.js';
import type { MqTracer } from '../../tracing/tracer.js';
import type { RegisteredHandler } from '../handlers/handler.js';
import type { ActiveDelivery } from './active-delivery.js';
import { runAttempt } from './attempt.js';
import { connectionLostAgain, exhausted, givenUp, unmatched, unstorable } from './delivery-errors.js';
import { discardDelivery } from './discard-delivery.js';
import { toMqMessage } from './identify.js';
import { parkDelivery, parkUnlessDuplicate, type ParkOutcome } from './park-delivery.js';
import { recordFailure } from './record-failure.js';

/** Pause before the next attempt of a delivery after the database failed. Polls wait for the database itself. */
const DATABASE_RETRY_MS = 5_000;
/**
 * Pause before a dead letter that could not be parked comes again: 17 deliveries, after which a broker may give it up once
 * more, last longer than an hour. Always the same, because brokers differ in whether earlier deliveries count here too.
 */
const DEAD_LETTER_RETRY_MS = 300_000;

/** How a step ended. `done`: acknowledged, or about to be. `again`: to be held in memory. `left`: the broker has it. */
export type StepResult = { readonly kind: 'done' | 'left' } | { readonly kind: 'again'; readonly inMs: number };

/**
 * State machine of one delivery in this process, from its arrival until it is acknowledged or left to the broker. Each
 * `step()` is at most one attempt; the caller gives it a slot to run in.
 *
 *     arrived ─ a replay for another group, or a tag nobody takes (`unmatched: 'ack'`) ──────────→ acknowledged
 *             ─ a dead letter ───────────────────────────────────────────────────────────────────→ parking
 *             ─ a tag nobody takes, a body that cannot be decoded, attempts used up ─────────────→ parking
 *             ─ too little of the lease left for a whole attempt ────────────────────────────────→ left to the broker
 *             ─ otherwise ─→ attempt
 *     attempt ─ handled, or the inbox holds a copy of the message ───────────────────────────────→ acknowledged
 *             ─ `Discard`: rolled back, and recorded as handled in a transaction of its own ─────────→ acknowledged
 *             ─ contention: a copy is being handled elsewhere; shutdown cut it off ──────────────→ left to the broker
 *             ─ the inbox holds it as half done, or another message under its id ────────────────→ parking
 *             ─ the database failed before the handler started: not counted, polls pause ────────→ held, or left
 *             ─ its connection broke in the handler, for the first time here: the same ──────────→ held, or left
 *             ─ the database refuses a value of the message ─────────────────────────────────────→ parking
 *             ─ failed for good, or once too often ──────────────────────────────────────────────→ parking
 *             ─ failed otherwise: recorded; the broker is told the delay, if it takes one ───────→ held, or left
 *     held    ─ its time has come ───────────────────────────────────────────────────────────────→ arrived
 *             ─ shutdown ────────────────────────────────────────────────────────────────────────→ left to the broker
 *     parking ─ written, or the inbox holds a copy of the message ───────────────────────────────→ acknowledged
 *             ─ the inbox holds it as half done, or another message under its id ────────────────→ parking, as that
 *             ─ the database failed ─────────────────────────────────────────────────────────────→ left to the broker
 *
 * "Left" loses nothing: the lease ends and the broker delivers again. Only what the database holds is acknowledged.
 */
export class DeliveryRun<Handle> {
  private lostConnections = 0;
  private steps = 0;

  constructor(readonly delivery: ActiveDelivery<Handle>) {}

  get ref(): DeliveryRef {
    return this.delivery.ref;
  }

  /** Makes one attempt, or does what makes an attempt needless. Never rejects. */
  step(): Promise<StepResult> {
    const { delivery } = this;
    const { tracer } = delivery.context;
    this.steps++;
    delivery.identifyAgain();
    const target = delivery.message.properties[MQ_GROUP];
    if (target !== undefined && target !== delivery.subscription.group.groupId)
      return Promise.resolve(this.skip('other-group'));
    return tracer === null ? this.process() : this.trace(tracer);
  }

  /** Apart from `step`, which would make room for the closure without a tracer as well. */
  private trace(tracer: MqTracer): Promise<StepResult> {
    const { message, id, subscription } = this.delivery;
    return tracer.process({ message, id, spec: subscription.spec }, () => this.process());
  }

  private async process(): Promise<StepResult> {
    const { delivery } = this;
    const { subscription, message, lease, attempts } = delivery;
    const { group } = subscription;
    if (delivery.isDeadLetter) return this.parkDeadLetter();
    const handler = subscription.handlerFor(message.tag);
    if (!handler && group.unmatched === 'ack') return this.skip('unmatched');
    if (!handler) return this.park(unmatched(subscription, delivery.id, message.tag));
    let decoded: MqMessage;
    try {
      decoded = toMqMessage(message, delivery.id, subscription);
    } catch (error) {
      return this.park(error);
    }
    if (!(await lease.ensure())) return this.leave('lease');
    try {
      await attempts.load();
    } catch (error) {
      return this.databaseFailed(error);
    }
    if (attempts.isExhausted)
      return this.park(exhausted(subscription, delivery.id, attempts.failures, lease.deliveryCount));
    if (delivery.identifyProblem !== null) return this.fail(delivery.identifyProblem);
    return this.attempt(handler, decoded);
  }

  /**
   * Leaves the delivery to the broker. Where that takes a delay it may have it back at once when nothing is wrong with the
   * message: at shutdown for another process, behind a failed one of its key because a broker may block a whole queue for
   * as long as one of its messages is leased (RocketMQ 5 did: 30 s for a retry after half a second).
   */
  async leave(reason: MqEventMap['delivery.released']['reason']): Promise<StepResult> {
    this.delivery.context.events.emit('delivery.released', { ...this.ref, reason });
    if (reason === 'shutdown' || reason === 'order') await this.delivery.lease.retryIn(0, true);
    return { kind: 'left' };
  }

  /** Its handler's transaction is committed. */
  handled(durationMs: number): StepResult {
    const { context, publishedAt } = this.delivery;
    context.events.emit('delivery.handled', { ...this.ref, durationMs, publishedAt });
    return this.ack();
  }

  /** The batch that it was in did not contain it in the end, or failed: its next step is its own. */
  unbatched(why: Pick<MqEventMap['delivery.unbatched'], 'batch' | 'reason' | 'error'>): void {
    // The COMMIT may have had no answer.
    if (why.reason === 'failed') this.steps++;
    this.delivery.context.events.emit('delivery.unbatched', { ...this.ref, ...why });
  }

  private async attempt(handler: RegisteredHandler<Handle>, message: MqMessage): Promise<StepResult> {
    const { delivery } = this;
    const outcome = await runAttempt(delivery, handler, message);
    switch (outcome.kind) {
      case 'handled':
        return this.handled(outcome.durationMs);
      case 'known':
        return this.afterParking(await parkUnlessDuplicate(delivery, outcome.holds, undefined));
      case 'contention':
      case 'lease':
      case 'shutdown':
        return this.leave(outcome.kind);
      case 'database':
        return this.databaseFailed(outcome.error);
      case 'lost':
        return this.connectionLost(outcome.error);
      case 'failed':
        return outcome.error instanceof Discard ? this.discard(outcome.error) : this.fail(outcome.error);
    }
  }

  private async discard(why: Discard): Promise<StepResult> {
    const outcome = await discardDelivery(this.delivery, why);
    switch (outcome.kind) {
      case 'discarded':
        return this.ack();
      case 'known':
        return this.afterParking(await parkUnlessDuplicate(this.delivery, outcome.holds, why));
      case 'contention':
        return this.leave('contention');
      case 'database':
        return this.databaseFailed(outcome.error);
    }
  }

  private async fail(error: unknown): Promise<StepResult> {
    const next = await recordFailure(this.delivery, error);
    return next.kind === 'park' ? this.park(error) : next;
  }

  /** The database failed before the handler ran: no attempt is counted, and polls wait for the database. Unless it refuses this one message. */
  private databaseFailed(error: unknown): StepResult | Promise<StepResult> {
    const { delivery } = this;
    if (isA(error, Unstorable)) return this.park(unstorable(delivery.subscription, delivery.id, error.cause));
    delivery.context.database.failed(error);
    return delivery.canWait(DATABASE_RETRY_MS) ? { kind: 'again', inMs: DATABASE_RETRY_MS } : this.leave('database');
  }

  /**
   * A handler can break its own connection, each time. So the second time on one delivery counts as a failed attempt; if the
   * broker delivers again in between, its count ends that.
   */
  private connectionLost(error: unknown): StepResult | Promise<StepResult> {
    if (++this.lostConnections === 1) return this.databaseFailed(error);
    return this.fail(connectionLostAgain(this.delivery.subscription, this.delivery.id, error));
  }

  /** The lookup also distinguishes a database that is away, for which polls wait, from one that refuses this row. */
  private async parkDeadLetter(): Promise<StepResult> {
    const { subscription, id, lease, attempts } = this.delivery;
    try {
      await attempts.load();
    } catch (error) {
      return this.databaseFailed(error);
    }
    const result = await this.park(givenUp(subscription, id, attempts.failures));
    if (result.kind === 'left') await lease.retryIn(DEAD_LETTER_RETRY_MS);
    return result;
  }

  private async park(error: unknown): Promise<StepResult> {
    return this.afterParking(await parkDelivery(this.delivery, error));
  }

  private afterParking(outcome: ParkOutcome): StepResult | Promise<StepResult> {
    switch (outcome.kind) {
      case 'parked':
        return this.ack();
      case 'duplicate':
        return this.acknowledgeDuplicate(outcome.of);
      case 'database':
        return this.leave('database');
    }
  }

  private async acknowledgeDuplicate(of: 'handled' | 'parked'): Promise<StepResult> {
    const { context, message, awaited } = this.delivery;
    if (of === 'handled' && awaited !== null) {
      try {
        await context.deliveries.settleHandled(awaited, message.brokerMessageId);
      } catch (error) {
        // A value that the database refuses is no reason to park: the inbox has the message.
        if (!isA(error, Unstorable)) return this.databaseFailed(error);
        this.delivery.reportDatabaseFailure('settling', error.cause);
      }
    }
    const reason = this.delivery.whyCopied(this.steps > 1);
    context.events.emit('delivery.duplicate', { ...this.ref, reason });
    this.delivery.lease.ack();
    await this.countCopy(reason);
    return { kind: 'done' };
  }

  /** For people, so it comes after the acknowledgement, and its failure changes nothing. */
  private async countCopy(reason: CopyReason): Promise<void> {
    const { context, subscription, id } = this.delivery;
    try {
      await context.deliveries.countCopy(subscription.group.groupId, id, reason);
    } catch (error) {
      this.delivery.reportDatabaseFailure('counting a copy', error);
    }
  }

  private skip(reason: MqEventMap['delivery.skipped']['reason']): StepResult {
    this.delivery.context.events.emit('delivery.skipped', { ...this.ref, reason });
    return this.ack();
  }

  private ack(): StepResult {
    this.delivery.lease.ack();
    return { kind: 'done' };
  }
}
