import { setMaxListeners } from 'node:events';
import { configError } from '../config/resolve-options.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { MqError } from '../errors/mq-error.js';
import type { MqEvents } from '../events/event-bus.js';
import type { Clock } from '../runtime/clock.js';
import { Deadline } from '../runtime/deadline.js';
import { systemRandom, type Random } from '../runtime/random.js';
import { systemClock } from '../runtime/system-clock.js';
import type { DeliveryStore } from '../store/delivery-store.js';
import type { ConsumerContext } from './consumer-context.js';
import { describeConsumers, type ConsumerHealth } from './consumer-health.js';
import { DatabaseGate } from './database-gate.js';
import type { Feed } from './feed.js';
import { GroupState } from './group-state.js';
import type { HandlerRegistry } from './handler-registry.js';
import { PollLoop } from './poll-loop.js';
import { Slots } from './slots.js';
import { StarvedMessages } from './starved-messages.js';
import { StuckHandlers } from './stuck-handlers.js';

/** How long handlers that were cut off at the end of a drain may take to roll back. */
const ROLLBACK_MS = 1_000;
/** How long the broker may take to hear that nobody polls any more: RocketMQ 5 ends a poll that it has taken after five seconds. */
const CLOSE_MS = 6_000;

export interface ConsumerRunnerOptions<Handle> {
  readonly options: Pick<ResolvedOptions, 'connection' | 'transport' | 'groups' | 'maxInFlight' | 'drainMs'>;
  readonly deliveries: DeliveryStore<Handle>;
  readonly events: MqEvents;
  /** Which process this is, for people that read the error table. */
  readonly instance: string;
  /** Handlers at once. Give the same object to all connections on one data source. Default: `maxInFlight` places of its own. */
  readonly slots?: Slots;
  /** The clock that the transport was given too: leases are compared on it. Default: the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a drain left behind. */
export interface DrainReport {
  /** Deliveries that were cut off or never begun when the time was over; the broker delivers them again. */
  readonly abandoned: number;
}

interface Run<Handle> {
  readonly context: ConsumerContext<Handle>;
  readonly giveUp: AbortController;
  readonly hangUp: AbortController;
  readonly loops: Set<PollLoop<Handle>>;
  stopped: boolean;
  drained: Promise<DrainReport> | null;
}

/**
 * The consumers of one connection.
 *
 * States: *idle* → `start` → *running* → `stopIntake` → *stopping* (no polls; what was fetched goes on) → `drain` →
 * *idle*. `drain` includes `stopIntake`. Pauses and concurrencies belong to the groups and outlast all of them.
 */
export class ConsumerRunner<Handle> {
  private run: Run<Handle> | null = null;
  private readonly groups: ReadonlyMap<string, GroupState>;
  private readonly inFlight: Slots;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly stuck: StuckHandlers;
  private readonly starved: StarvedMessages;

  constructor(private readonly setup: ConsumerRunnerOptions<Handle>) {
    const { options, events } = setup;
    this.clock = setup.clock ?? systemClock;
    this.random = setup.random ?? systemRandom;
    this.inFlight = setup.slots ?? new Slots(options.maxInFlight);
    this.stuck = new StuckHandlers(this.clock, events);
    this.starved = new StarvedMessages(this.clock, events);
    this.groups = new Map(
      [...options.groups].map(([alias, { concurrency }]) => [alias, new GroupState(concurrency, this.clock)]),
    );
  }

  /**
   * Begins to consume. While running it takes over a registry with more handlers: pairs of topic and group that are new
   * begin, and where the tags have changed the subscription is replaced. The transport must be connected.
   */
  async start(registry: HandlerRegistry<Handle>): Promise<void> {
    if (this.run?.stopped) await this.drain(Deadline.in(this.clock, this.setup.options.drainMs));
    this.run ??= this.createRun();
    for (const { held } of this.groups.values()) held.open();
    for (const feed of registry.feeds) this.follow(this.run, feed);
  }

  /** No further polls, from this very turn on. What was fetched goes on. */
  stopIntake(): void {
    if (!this.run) return;
    this.run.stopped = true;
    for (const loop of this.run.loops) loop.stop();
  }

  /**
   * Stops polling, waits until `deadline` for handlers and acknowledgements, then cuts off what still runs, which takes a
   * second or two. What is held in memory goes back to the broker at once. Never rejects.
   */
  drain(deadline: Deadline): Promise<DrainReport> {
    const { run } = this;
    if (!run) return Promise.resolve({ abandoned: 0 });
    this.stopIntake();
    run.drained ??= this.drainRun(run, deadline);
    return run.drained;
  }

  /** No new messages for this group until {@link resume}; what it has in hand is finished. @throws {MqError} `MQ_UNKNOWN_GROUP` */
  pause(group: string): void {
    this.group(group).pause.close();
    for (const loop of this.run?.loops ?? []) if (loop.ref.group === group) loop.interrupt();
  }

  resume(group: string): void {
    this.group(group).pause.open();
  }

  /** Handlers of this group at once, from now on. @throws {MqError} `MQ_UNKNOWN_GROUP`, `MQ_CONFIG_INVALID` */
  setConcurrency(group: string, concurrency: number): void {
    const { slots } = this.group(group);
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw configError(this.setup.options.connection, [
        `groups.${group}.concurrency: must be a whole number from 1, is ${concurrency}`,
      ]);
    }
    slots.setLimit(concurrency);
  }

  health(): ConsumerHealth {
    return describeConsumers({
      running: this.run !== null && !this.run.stopped,
      loops: [...(this.run?.loops ?? [])].map(({ health }) => health),
      inFlight: this.inFlight.inUse,
      held: [...this.groups.values()].reduce((sum, { held }) => sum + held.count, 0),
      stuckHandlers: this.stuck.count,
      starved: this.starved.problems(),
    });
  }

  private createRun(): Run<Handle> {
    const { options, deliveries, events, instance } = this.setup;
    const [giveUp, hangUp] = [new AbortController(), new AbortController()];
    // Every delivery in hand listens to them.
    setMaxListeners(0, giveUp.signal, hangUp.signal);
    const context: ConsumerContext<Handle> = {
      connection: options.connection,
      instance,
      deliveries,
      capabilities: options.transport.capabilities,
      events,
      clock: this.clock,
      inFlight: this.inFlight,
      database: new DatabaseGate(this.clock, this.random, events, hangUp.signal, () => deliveries.probe()),
      stuck: this.stuck,
      giveUp: giveUp.signal,
      hangUp: hangUp.signal,
    };
    return { context, giveUp, hangUp, loops: new Set(), stopped: false, drained: null };
  }

  private follow(run: Run<Handle>, feed: Feed<Handle>): void {
    const loop = [...run.loops].find((other) => !other.isStopped && other.serves(feed));
    if (loop?.rewire(feed)) return;
    if (loop) void this.retire(run, loop);
    const source = feed.open(this.setup.options.transport);
    run.loops.add(new PollLoop(run.context, feed, this.group(feed.group.alias), this.random, source));
  }

  private async retire(run: Run<Handle>, loop: PollLoop<Handle>): Promise<void> {
    loop.stop();
    await loop.settled();
    if (run.loops.delete(loop)) await loop.close().catch(() => undefined);
  }

  private async drainRun(run: Run<Handle>, deadline: Deadline): Promise<DrainReport> {
    for (const { held } of this.groups.values()) held.close();
    const loops = [...run.loops];
    const settled = Promise.all(loops.map((loop) => loop.settled()));
    let abandoned = 0;
    if (!(await deadline.covers(settled))) {
      abandoned = loops.reduce((sum, loop) => sum + loop.inHand, 0);
      run.giveUp.abort();
      await deadline.plus(ROLLBACK_MS).covers(settled);
    }
    run.giveUp.abort();
    run.hangUp.abort();
    run.loops.clear();
    const closed = Promise.allSettled(loops.map((loop) => loop.close()));
    await deadline.plus(ROLLBACK_MS + CLOSE_MS).covers(closed);
    this.run = null;
    return { abandoned };
  }

  private group(alias: string): GroupState {
    const group = this.groups.get(alias);
    if (group) return group;
    const known = [...this.groups.keys()];
    throw new MqError(
      'MQ_UNKNOWN_GROUP',
      `No consumer group '${alias}' is configured (connection '${this.setup.options.connection}'). Known: ${known.join(', ') || 'none'}.`,
      { details: { alias, known } },
    );
  }
}
