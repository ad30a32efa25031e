import { setMaxListeners } from 'node:events';
import type { DeliveryRef, FailureInfo, GroupRef } from '../../events/event-map.js';
import { pollBackoff, pollFailure } from '../../retry/poll-failure.js';
import type { Random } from '../../runtime/random.js';
import type { Delivery, MessageSource } from '../../transport/transport.js';
import { AckBatcher } from '../lease/ack-batcher.js';
import { bounded } from '../delivery/bounded-delivery.js';
import type { ConsumerContext } from '../state/consumer-context.js';
import type { LoopActivity } from '../state/loop-activity.js';
import type { LoopHealth, LoopState } from '../state/consumer-health.js';
import { batchHandlerOf } from '../batch/batch-member.js';
import { ActiveDelivery } from '../delivery/active-delivery.js';
import { DeliveryRun } from '../delivery/delivery-run.js';
import type { Feed } from './feed.js';
import type { GroupState } from '../state/group-state.js';
import { Intake } from './intake.js';
import { leaseLength } from '../lease/lease-length.js';
import { Prefetch, PREFETCH_WAIT_MS } from './prefetch.js';
import { LeasedDelivery } from '../lease/leased-delivery.js';
import type { ShortLease } from '../lease/short-lease.js';

/** A poll that comes back empty sooner than this did not wait at the broker, so the loop waits instead. */
const MIN_POLL_MS = 50;

/**
 * Poll loop of one feed: one long poll at a time, and only while there is a slot, or a place in a short line, for what it may
 * bring. One loop for each feed, because pollers that compete halve each other's batches.
 *
 * States: *waiting* (paused, the database is away, or no slot is free) → *polling* → *waiting* again, by way of
 * *backing-off* when the poll failed; *stopped* from any of them. Aborting a poll races with messages that are on their
 * way: whatever a poll returns is delivered and settled, also after it was aborted.
 */
export class PollLoop<Handle> {
  private readonly ended: Promise<void>;
  private state: LoopState = 'polling';
  private lastPolledAt: Date | null = null;
  private error: FailureInfo | null = null;
  private failures = 0;
  /** When the first of its failures was, on the monotonic clock. */
  private failingSince = 0;
  private shortLease: ShortLease | null = null;
  private shortLeaseReported = false;
  private poll: AbortController | null = null;
  private readonly stopper = new AbortController();
  private readonly acks: AckBatcher;
  private readonly intake: Intake<Handle>;
  private readonly prefetch: Prefetch;
  /** How long the last message could wait here for a slot. */
  private spareMs = 0;

  constructor(
    private readonly context: ConsumerContext<Handle>,
    private feed: Feed<Handle>,
    private readonly group: GroupState,
    private readonly random: Random,
    private readonly source: MessageSource,
  ) {
    setMaxListeners(0, this.stopper.signal);
    const { capabilities, clock, events, hangUp } = context;
    const { ackBatch, receiveBatch } = capabilities.limits;
    // Where order is kept, what is not acknowledged holds the next of its key back.
    const expectsMore = feed.prefetches && ackBatch > 1 ? () => this.inProgress > 0 : null;
    this.acks = new AckBatcher(this.source, ackBatch, this.ref, clock, events, hangUp, expectsMore);
    this.intake = new Intake(context, group, () => this.acks.flush());
    this.prefetch = new Prefetch(group, receiveBatch);
    this.ended = this.run();
  }

  get ref(): GroupRef {
    return this.feed.ref;
  }

  get health(): LoopHealth {
    const { ref, state, lastPolledAt, error, shortLease } = this;
    return { ...ref, state, lastPolledAt, error, shortLease };
  }

  /** What it has in hand. */
  get activity(): LoopActivity {
    const { slots, held } = this.group;
    const { running } = this.intake;
    return {
      ...this.health,
      tags: this.feed.tags,
      concurrency: slots.size,
      inFlight: this.inProgress,
      running,
      held: held.of(this.ref.topic),
    };
  }

  get isStopped(): boolean {
    return this.stopper.signal.aborted;
  }

  /** Whether it reads this feed. */
  reads({ key }: Feed<Handle>): boolean {
    return this.feed.key === key;
  }

  /** Number of deliveries that run or wait for a slot. */
  get inProgress(): number {
    return this.intake.inProgress;
  }

  get deliveries(): DeliveryRef[] {
    return this.intake.deliveries;
  }

  /** Takes other handlers for the same messages, from the next delivery on. `false` if the broker must be asked for other messages. */
  replace(feed: Feed<Handle>): boolean {
    if (this.feed.request !== feed.request) return false;
    this.feed = feed;
    return true;
  }

  /** Aborts the poll under way, so that the loop sees what has changed. */
  interrupt(): void {
    this.poll?.abort();
  }

  /** Ends polling. Synchronous; {@link whenIdle} waits for what was fetched. */
  stop(): void {
    this.stopper.abort();
    this.interrupt();
  }

  /** Resolves after {@link stop}, when everything that was fetched is settled or left to the broker. */
  async whenIdle(): Promise<void> {
    await this.ended;
    await this.intake.whenIdle();
    await this.acks.whenIdle();
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  private async run(): Promise<void> {
    const { events, database } = this.context;
    const removeListener = database.onOpened(() => this.interrupt());
    await Promise.resolve();
    events.emit('consumer.started', this.ref);
    while (!this.stopper.signal.aborted) {
      await this.wait();
      const max = this.maxMessages();
      if (this.stopper.signal.aborted || max === 0) continue;
      const failure = await this.pollOnce(max);
      if (failure) await this.backOff(failure);
    }
    removeListener();
    this.intake.stopGathering();
    await this.rest();
    this.recovered();
    this.state = 'stopped';
    events.emit('consumer.stopped', this.ref);
  }

  private async wait(): Promise<void> {
    const { signal } = this.stopper;
    const { database, inFlight } = this.context;
    if (this.group.pause.isHeld) {
      this.state = 'paused';
      this.recovered();
      await this.rest();
      await this.group.pause.whenReleased(signal);
    }
    if (database.isOpen) {
      this.state = 'database';
      await this.rest();
      await database.whenNotOpen(signal);
    }
    if (database.isHalfOpen && this.inProgress > 0) {
      this.state = 'database';
      await Promise.race([this.intake.whenIdle(), database.whenNotHalfOpen(signal)]);
    }
    if (this.inProgress >= this.feed.atOnce) {
      this.state = 'full';
      await this.intake.whenIdle();
    }
    if (this.room === 0) {
      const { slots } = this.group;
      this.state = 'full';
      await slots.when(() => slots.free > 0 || this.missing > 0, signal);
      if (slots.free > 0) await inFlight.whenFree(signal);
    }
  }

  /** Gives back what the source has polled ahead: it must not wait in this process, leased, while nobody polls. */
  private async rest(): Promise<void> {
    await this.source.rest?.().catch(() => undefined);
  }

  /** Number of messages to ask for; 0 when a reason to wait came up during the last wait. */
  private maxMessages(): number {
    const { database, capabilities } = this.context;
    if (this.group.pause.isHeld || database.isOpen) return 0;
    const most = database.isHalfOpen ? Math.max(0, 1 - this.inProgress) : capabilities.limits.receiveBatch;
    return Math.min(most, this.feed.atOnce - this.inProgress, this.room);
  }

  /** A batch takes one slot, and none while it is gathered. */
  private get room(): number {
    const { slots } = this.group;
    const free = Math.min(slots.free, this.context.inFlight.free);
    const { batchSize } = this.feed;
    if (batchSize !== null && free > 0) return batchSize - this.intake.gathered;
    // While other groups have all the handlers, a line here would only wait for them.
    return free > 0 || slots.free === 0 ? free + this.missing : 0;
  }

  /** Messages to ask for beyond free slots. */
  private get missing(): number {
    const { feed, prefetch, spareMs } = this;
    return feed.prefetches && spareMs >= PREFETCH_WAIT_MS ? prefetch.missing : 0;
  }

  private async pollOnce(max: number): Promise<FailureInfo | null> {
    const { clock, capabilities } = this.context;
    const { batchWaitMs, group } = this.feed;
    const startedAt = clock.monotonic();
    const poll = (this.poll = new AbortController());
    this.state = 'polling';
    try {
      const leaseMs = leaseLength(capabilities, group.timeoutMs + batchWaitMs);
      const batch = await this.source.receive({ max, waitMs: capabilities.limits.waitMs, leaseMs }, poll.signal);
      this.lastPolledAt = new Date(clock.now());
      this.recovered();
      for (const delivery of batch) this.take(delivery);
      const tookMs = clock.monotonic() - startedAt;
      if (batch.length === 0 && tookMs < MIN_POLL_MS) await clock.sleep(MIN_POLL_MS - tookMs, poll.signal);
      return null;
    } catch (error) {
      return poll.signal.aborted ? null : pollFailure(error);
    } finally {
      this.poll = null;
    }
  }

  private take(received: Delivery): void {
    const { context, feed, source, acks } = this;
    const { capabilities, clock, hangUp } = context;
    const { timeoutMs } = feed.group;
    const delivery = bounded(received, clock.now());
    const subscription = feed.subscriptionOf(delivery.message);
    const lease = new LeasedDelivery({ source, acks, capabilities, clock, hangUp, timeoutMs }, delivery);
    this.spareMs = lease.spareMs;
    if (delivery.message.deadLetterOf === undefined) this.reportShortLease(lease.tooShort);
    const run = new DeliveryRun(new ActiveDelivery(context, subscription, this.group, lease));
    const batchHandler = batchHandlerOf(run.delivery);
    if (batchHandler) this.intake.gather(run, batchHandler);
    else this.intake.take(run, subscription.spec.ordered ? delivery.message.orderingKey : null);
  }

  /** Emits the event once, because each message of the group has the same lease; health shows it while it lasts. */
  private reportShortLease(shortLease: ShortLease | null): void {
    this.shortLease = shortLease;
    if (shortLease === null || this.shortLeaseReported) return;
    this.shortLeaseReported = true;
    this.context.events.emit('lease.short', { ...this.ref, ...shortLease });
  }

  private async backOff(failure: FailureInfo): Promise<void> {
    this.state = 'backing-off';
    this.error = failure;
    if (this.failures++ === 0) this.failingSince = this.context.clock.monotonic();
    this.context.events.emit('loop.failed', { loop: this.loop, error: failure, ...this.ref });
    await this.context.clock.sleep(pollBackoff(failure, this.failures, this.random), this.stopper.signal);
  }

  /** A poll succeeded, or there is none that could: whoever watches need not wait for this loop. */
  private recovered(): void {
    this.error = null;
    if (this.failures === 0) return;
    this.failures = 0;
    const failedMs = Math.round(this.context.clock.monotonic() - this.failingSince);
    this.context.events.emit('loop.recovered', { loop: this.loop, failedMs, ...this.ref });
  }

  /** As events name it. */
  private get loop(): string {
    return `consumer:${this.feed.label}`;
  }
}
