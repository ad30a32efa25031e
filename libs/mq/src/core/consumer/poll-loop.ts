import { setMaxListeners } from 'node:events';
import type { FailureInfo, GroupRef } from '../events/event-map.js';
import { pollBackoff, pollFailure } from '../retry/poll-failure.js';
import type { Random } from '../runtime/random.js';
import type { Delivery, MessageSource } from '../transport/transport.js';
import { AckBatcher } from './ack-batcher.js';
import { bounded } from './bounded-delivery.js';
import type { ConsumerContext } from './consumer-context.js';
import type { LoopHealth, LoopState } from './consumer-health.js';
import { DeliveryRun } from './delivery-run.js';
import type { Feed } from './feed.js';
import type { GroupState } from './group-state.js';
import { Intake } from './intake.js';
import { leaseLength } from './lease-length.js';
import { LeasedDelivery } from './leased-delivery.js';
import type { ShortLease } from './short-lease.js';

/** A poll that comes back empty sooner than this did not wait at the broker, so the loop waits instead. */
const MIN_POLL_MS = 50;

/**
 * Fetches the messages of one feed: one long poll at a time, and only while there is a place for what it may bring. One
 * loop for each, because pollers that compete halve each other's batches.
 *
 * States: *waiting* (paused, the database is away, or no place is free) → *polling* → *waiting* again, by way of
 * *backing-off* when the poll failed; *stopped* from any of them. Ending a poll from outside races with messages that
 * are on their way: whatever a poll returns is taken in hand, also after it was told to end, and is settled like any other.
 */
export class PollLoop<Handle> {
  readonly ended: Promise<void>;
  private state: LoopState = 'polling';
  private lastPolledAt: Date | null = null;
  private error: FailureInfo | null = null;
  private failures = 0;
  private shortLease: ShortLease | null = null;
  private toldOfLease = false;
  private poll: AbortController | null = null;
  private readonly stopper = new AbortController();
  private readonly acks: AckBatcher;
  private readonly intake: Intake<Handle>;

  constructor(
    private readonly context: ConsumerContext<Handle>,
    private feed: Feed<Handle>,
    private readonly group: GroupState,
    private readonly random: Random,
    private readonly source: MessageSource,
  ) {
    setMaxListeners(0, this.stopper.signal);
    const { capabilities, clock, events, hangUp } = context;
    this.acks = new AckBatcher(this.source, capabilities.limits.ackBatch, this.ref, clock, events, hangUp);
    this.intake = new Intake(context, group);
    this.ended = this.run();
  }

  get ref(): GroupRef {
    return this.feed.ref;
  }

  get health(): LoopHealth {
    const { ref, state, lastPolledAt, error, shortLease } = this;
    return { ...ref, state, lastPolledAt, error, shortLease };
  }

  get isStopped(): boolean {
    return this.stopper.signal.aborted;
  }

  /** Whether it reads the place of this feed. */
  serves({ place }: Feed<Handle>): boolean {
    return this.feed.place === place;
  }

  /** Deliveries that run or wait for a place. */
  get inHand(): number {
    return this.intake.inHand;
  }

  /** Other handlers for the same messages, from the next delivery on. `false` if the broker has to be asked for others. */
  rewire(feed: Feed<Handle>): boolean {
    if (this.feed.request !== feed.request) return false;
    this.feed = feed;
    return true;
  }

  /** Ends the poll under way, so that the loop looks at what has changed. */
  interrupt(): void {
    this.poll?.abort();
  }

  /** No further poll. Synchronous; {@link settled} tells when what was fetched is done with. */
  stop(): void {
    this.stopper.abort();
    this.interrupt();
  }

  /** Resolves after {@link stop}, when everything that was fetched is settled or left to the broker. */
  async settled(): Promise<void> {
    await this.ended;
    await this.intake.settled();
    await this.acks.idle();
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  private async run(): Promise<void> {
    const { events, database } = this.context;
    const forget = database.onClosed(() => this.interrupt());
    await Promise.resolve();
    events.emit('consumer.started', this.ref);
    while (!this.stopper.signal.aborted) {
      await this.wait();
      const max = this.room();
      if (this.stopper.signal.aborted || max === 0) continue;
      const failure = await this.pollOnce(max);
      if (failure) await this.backOff(failure);
    }
    forget();
    await this.rest();
    this.state = 'stopped';
    events.emit('consumer.stopped', this.ref);
  }

  private async wait(): Promise<void> {
    const { signal } = this.stopper;
    const { database, inFlight } = this.context;
    if (!this.group.pause.isOpen) {
      this.state = 'paused';
      await this.rest();
      await this.group.pause.pass(signal);
    }
    if (database.isClosed) {
      this.state = 'database';
      await this.rest();
      await database.pass(signal);
    }
    if (database.isTrying && this.inHand > 0) {
      this.state = 'database';
      await Promise.race([this.intake.settled(), database.verdict(signal)]);
    }
    if (this.inHand >= this.feed.atOnce) {
      this.state = 'full';
      await this.intake.settled();
    }
    if (this.group.slots.free === 0 || inFlight.free === 0) {
      this.state = 'full';
      await this.group.slots.whenFree(signal);
      await inFlight.whenFree(signal);
    }
  }

  /** What the source has polled ahead must not wait here, leased, for as long as nobody asks for it. */
  private async rest(): Promise<void> {
    await this.source.rest?.().catch(() => undefined);
  }

  /** How many messages there is a place for, 0 when something came up while another thing was waited for. */
  private room(): number {
    const { database, inFlight, capabilities } = this.context;
    if (!this.group.pause.isOpen || database.isClosed) return 0;
    const most = database.isTrying ? Math.max(0, 1 - this.inHand) : capabilities.limits.receiveBatch;
    return Math.min(most, this.feed.atOnce - this.inHand, this.group.slots.free, inFlight.free);
  }

  private async pollOnce(max: number): Promise<FailureInfo | null> {
    const { clock, capabilities } = this.context;
    const { timeoutMs } = this.feed.group;
    const startedAt = clock.monotonic();
    const poll = (this.poll = new AbortController());
    this.state = 'polling';
    try {
      const leaseMs = leaseLength(capabilities, timeoutMs);
      const batch = await this.source.receive({ max, waitMs: capabilities.limits.waitMs, leaseMs }, poll.signal);
      this.lastPolledAt = new Date(clock.now());
      this.error = null;
      this.failures = 0;
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
    if (delivery.message.deadLetterOf === undefined) this.judge(lease.tooShort);
    const run = new DeliveryRun(context, subscription, this.group, lease);
    this.intake.take(run, subscription.spec.ordered ? delivery.message.orderingKey : null);
  }

  /** Said once, because each message of the group would say it again; health says it for as long as it is so. */
  private judge(shortLease: ShortLease | null): void {
    this.shortLease = shortLease;
    if (shortLease === null || this.toldOfLease) return;
    this.toldOfLease = true;
    this.context.events.emit('lease.short', { ...this.ref, ...shortLease });
  }

  private async backOff(failure: FailureInfo): Promise<void> {
    this.state = 'backing-off';
    this.error = failure;
    this.failures++;
    this.context.events.emit('loop.failed', { loop: `consumer:${this.feed.label}`, error: failure });
    await this.context.clock.sleep(pollBackoff(failure, this.failures, this.random), this.stopper.signal);
  }
}
