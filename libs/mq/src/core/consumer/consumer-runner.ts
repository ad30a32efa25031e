import { setMaxListeners } from 'node:events';
import { configError } from '../config/resolve-options.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { MqError } from '../errors/mq-error.js';
import type { MqEvents } from '../events/event-bus.js';
import type { DeliveryRef } from '../events/event-map.js';
import type { Clock } from '../runtime/clock.js';
import { Deadline } from '../runtime/deadline.js';
import { systemRandom, type Random } from '../runtime/random.js';
import { systemClock } from '../runtime/system-clock.js';
import type { DeliveryStore } from '../store/delivery-store.js';
import type { MqTracer } from '../tracing/tracer.js';
import type { ConsumerContext } from './state/consumer-context.js';
import { describeConsumers, type ConsumerHealth } from './state/consumer-health.js';
import { DatabaseCircuit } from './state/database-circuit.js';
import { deadLetterFeedsOf } from './polling/dead-letter-feed.js';
import type { Feed } from './polling/feed.js';
import { GroupState, type PauseHolder } from './state/group-state.js';
import type { LoopActivity } from './state/loop-activity.js';
import type { HandlerRegistry } from './handlers/handler-registry.js';
import { PollLoop } from './polling/poll-loop.js';
import { TopicFeed } from './polling/topic-feed.js';
import { Semaphore } from '../runtime/semaphore.js';
import { StarvedMessages } from './state/starved-messages.js';
import { StuckHandlers } from './state/stuck-handlers.js';

/** Time for handlers that were cut off at the end of a drain to roll back. */
const ROLLBACK_MS = 1_000;
/** Time for the sources to be closed at the broker: RocketMQ 5 ends a poll that it has accepted after five seconds. */
const CLOSE_MS = 6_000;

export interface ConsumerRunnerOptions<Handle> {
  readonly options: Pick<
    ResolvedOptions,
    'connection' | 'transport' | 'topics' | 'groups' | 'tagSuffix' | 'maxInFlight' | 'drainMs'
  >;
  readonly deliveries: DeliveryStore<Handle>;
  readonly events: MqEvents;
  /** Name of this process, for people who read the error table. */
  readonly instance: string;
  /** Limits handlers at once. All connections on one data source get the same object. Default: one with `maxInFlight` slots. */
  readonly slots?: Semaphore;
  /** The transport's clock: leases are compared on it. Default: the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Default: none. */
  readonly tracer?: MqTracer | null;
}

/** Result of a drain. */
export interface DrainReport {
  /** Deliveries that were cut off or had not begun at the deadline; the broker delivers them again. */
  readonly abandoned: number;
}

/** How busy a group is in this process. */
export interface GroupUsage {
  /** Alias. */
  readonly group: string;
  /** Handlers that may run at once. */
  readonly concurrency: number;
  /** Handlers that run. */
  readonly inFlight: number;
  /** Poll loops that are not paused. */
  readonly consumers: number;
  /** What a handler may take. */
  readonly timeoutMs: number;
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
 * Runner of the consumers of one connection: one poll loop for each feed.
 *
 * States: *idle* → `start` → *running* → `stopIntake` → *stopping* (no polls; what was fetched goes on) → `drain` →
 * *idle*. `drain` includes `stopIntake`. Pauses and concurrencies belong to the groups and outlast all of them.
 */
export class ConsumerRunner<Handle> {
  private run: Run<Handle> | null = null;
  private readonly groups: ReadonlyMap<string, GroupState>;
  private readonly inFlight: Semaphore;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly stuck: StuckHandlers;
  private readonly starved: StarvedMessages;

  constructor(private readonly setup: ConsumerRunnerOptions<Handle>) {
    const { options, events } = setup;
    this.clock = setup.clock ?? systemClock;
    this.random = setup.random ?? systemRandom;
    this.inFlight = setup.slots ?? new Semaphore(options.maxInFlight);
    this.stuck = new StuckHandlers(this.clock, events);
    this.starved = new StarvedMessages(this.clock, events);
    this.groups = new Map(
      [...options.groups].map(([alias, { concurrency }]) => [alias, new GroupState(concurrency, this.clock)]),
    );
  }

  /**
   * Begins to consume. While running it takes over a registry with more handlers: new pairs of topic and group begin, and
   * where the tags have changed the subscription is replaced. The transport must be connected.
   */
  async start(registry: HandlerRegistry<Handle>): Promise<void> {
    if (this.run?.stopped) await this.drain(Deadline.in(this.clock, this.setup.options.drainMs));
    this.run ??= this.createRun();
    for (const { held } of this.groups.values()) held.accept();
    for (const feed of this.feedsOf(registry)) this.poll(this.run, feed);
  }

  /** Ends polling in this very turn. What was fetched goes on. */
  stopIntake(): void {
    if (!this.run) return;
    this.run.stopped = true;
    for (const loop of this.run.loops) loop.stop();
  }

  /**
   * Stops polling, waits until `deadline` for handlers and acknowledgements, then cuts off what still runs, which takes one
   * or two seconds more. What is held in memory goes back to the broker at once. Never rejects.
   */
  drain(deadline: Deadline): Promise<DrainReport> {
    const { run } = this;
    if (!run) return Promise.resolve({ abandoned: 0 });
    this.stopIntake();
    run.drained ??= this.drainRun(run, deadline);
    return run.drained;
  }

  /**
   * Stops polling for this group until {@link resume}; what was fetched is finished. It is paused while either holder keeps it so.
   * @throws {MqError} `MQ_UNKNOWN_GROUP`
   */
  pause(group: string, holder: PauseHolder = 'here'): void {
    this.group(group).pauseFor(holder);
    for (const loop of this.run?.loops ?? []) if (loop.ref.group === group) loop.interrupt();
  }

  resume(group: string, holder: PauseHolder = 'here'): void {
    this.group(group).resumeFor(holder);
  }

  /** Sets how many handlers of this group run at once, from now on. @throws {MqError} `MQ_UNKNOWN_GROUP`, `MQ_CONFIG_INVALID` */
  setConcurrency(group: string, concurrency: number): void {
    const { slots } = this.group(group);
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw configError(this.setup.options.connection, [
        `groups.${group}.concurrency: must be a whole number from 1, is ${concurrency}`,
      ]);
    }
    slots.setLimit(concurrency);
  }

  /** Fetches no message any more that would have to wait for a slot, and be handled after {@link stopIntake}: for whoever counts them. */
  keepNoLine(): void {
    for (const group of this.groups.values()) group.mayPrefetch = false;
  }

  /** Deliveries that run or wait for a slot. */
  deliveries(): DeliveryRef[] {
    return [...(this.run?.loops ?? [])].flatMap(({ deliveries }) => deliveries);
  }

  health(): ConsumerHealth {
    return describeConsumers({
      running: this.run !== null && !this.run.stopped,
      loops: [...(this.run?.loops ?? [])].map(({ health }) => health),
      inFlight: this.inFlight.inUse,
      held: [...this.groups.values()].reduce((sum, { held }) => sum + held.count, 0),
      stuckHandlers: this.stuck.count,
      stuckMs: this.stuck.longestMs,
      starved: this.starved.problems(),
    });
  }

  /** What each configured group does in this process at this moment. */
  usage(): GroupUsage[] {
    const loops = this.run && !this.run.stopped ? [...this.run.loops] : [];
    return [...this.groups].map(([group, { slots, pause }]) => ({
      group,
      concurrency: slots.size,
      inFlight: slots.inUse,
      consumers: pause.isHeld ? 0 : loops.filter((loop) => loop.ref.group === group && !loop.isStopped).length,
      timeoutMs: this.setup.options.groups.get(group)!.timeoutMs,
    }));
  }

  /** What each poll loop has in hand. */
  loops(): LoopActivity[] {
    return [...(this.run?.loops ?? [])].map(({ activity }) => activity);
  }

  private createRun(): Run<Handle> {
    const { options, deliveries, events, instance } = this.setup;
    const [giveUp, hangUp] = [new AbortController(), new AbortController()];
    // Every delivery in progress listens to them.
    setMaxListeners(0, giveUp.signal, hangUp.signal);
    const context: ConsumerContext<Handle> = {
      connection: options.connection,
      instance,
      deliveries,
      capabilities: options.transport.capabilities,
      events,
      clock: this.clock,
      inFlight: this.inFlight,
      database: new DatabaseCircuit(this.clock, this.random, events, hangUp.signal, () => deliveries.probe()),
      stuck: this.stuck,
      tracer: this.setup.tracer ?? null,
      giveUp: giveUp.signal,
      hangUp: hangUp.signal,
    };
    return { context, giveUp, hangUp, loops: new Set(), stopped: false, drained: null };
  }

  private feedsOf({ subscriptions }: HandlerRegistry<Handle>): Feed<Handle>[] {
    const topics = subscriptions.map((subscription) => new TopicFeed(subscription));
    return [...topics, ...deadLetterFeedsOf(subscriptions, this.setup.options)];
  }

  private poll(run: Run<Handle>, feed: Feed<Handle>): void {
    const loop = [...run.loops].find((other) => !other.isStopped && other.reads(feed));
    if (loop?.replace(feed)) return;
    if (loop) void this.retire(run, loop);
    const source = feed.subscribe(this.setup.options.transport);
    run.loops.add(new PollLoop(run.context, feed, this.group(feed.group.alias), this.random, source));
  }

  private async retire(run: Run<Handle>, loop: PollLoop<Handle>): Promise<void> {
    loop.stop();
    await loop.whenIdle();
    if (run.loops.delete(loop)) await loop.close().catch(() => undefined);
  }

  private async drainRun(run: Run<Handle>, deadline: Deadline): Promise<DrainReport> {
    for (const { held } of this.groups.values()) held.returnAll();
    const loops = [...run.loops];
    const idle = Promise.all(loops.map((loop) => loop.whenIdle()));
    let abandoned = 0;
    if (!(await deadline.covers(idle))) {
      abandoned = loops.reduce((sum, loop) => sum + loop.inProgress, 0);
      run.giveUp.abort();
      await deadline.plus(ROLLBACK_MS).covers(idle);
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
