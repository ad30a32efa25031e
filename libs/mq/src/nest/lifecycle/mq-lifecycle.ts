import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleDestroy,
  OnModuleInit,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { describeError } from '../../core/errors/describe-error.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqRuntime } from '../mq-runtime.js';
import type { ConsumerControl } from './consumer-control.js';
import { instancesOf } from './instances-of.js';
import { refuseDuplicates } from './refuse-duplicates.js';
import type { ReproduceSchedule } from './reproduce-schedule.js';

/** A transport that is not there by then is waited for no longer: publishing goes on without, and `close()` waits for boot. */
const CONNECT_MS = 10_000;
/**
 * After the drain: what the database may take to write down how it ended, before it is taken to be frozen. A delivery that
 * was cut off tries for two seconds to roll back.
 */
const WRITE_DOWN_MS = 3_000;
/** After the drain: the end of everything, also of subscriptions, which take five seconds on RocketMQ 5. */
const GIVE_UP_MS = 8_000;
const SOCKETS_MS = 2_000;

/**
 * Starts and stops one connection with the application.
 *
 * - `onModuleInit`: what can only be seen across modules (duplicate connections, handlers) is checked, before anything runs.
 * - `onApplicationBootstrap`: everything of the process's roles starts.
 * - `onModuleDestroy`: intake stops, at the first word of a shutdown, since modules that import us are destroyed before us.
 * - `beforeApplicationShutdown`: everything is drained. Not later: TypeORM closes the data source in
 *   `onApplicationShutdown`, and Nest finishes one phase over the whole application before the next.
 * - `onApplicationShutdown`: sockets are closed.
 *
 * Nest goes from one module to the next, so the first connection that is asked takes all others along: their times run side
 * by side. Each step has its deadline, all of them counted from that one moment.
 */
export class MqLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  private stopping = false;
  private booted: Promise<void> = Promise.resolve();
  private drained: Promise<void> | null = null;
  private closed: Promise<void> | null = null;

  constructor(
    private readonly runtime: MqRuntime,
    private readonly modules: ModulesContainer,
    private readonly consumers: ConsumerControl,
    private readonly schedule: ReproduceSchedule,
  ) {}

  onModuleInit(): void {
    refuseDuplicates(this.modules, this.runtime);
    this.consumers.explore();
    if (this.consumers.handlers.length > 0) this.runtime.requireJoinable();
  }

  onApplicationBootstrap(): Promise<void> {
    return (this.booted = this.boot());
  }

  onModuleDestroy(): void {
    this.stopping = true;
    this.consumers.stopIntake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(instancesOf(this.modules, MqLifecycle).map((each) => (each.drained ??= each.drain())));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(instancesOf(this.modules, MqLifecycle).map((each) => (each.closed ??= each.close())));
  }

  private async boot(): Promise<void> {
    const { options, relay, logger } = this.runtime;
    for (const warning of options.transport.warnings?.() ?? []) logger.warn(warning);
    await this.connect();
    // An application may be closed while it boots, and then nobody would stop what starts here.
    if (this.stopping) return;
    relay.immediate.start();
    if (options.roles.relay) this.schedule.start();
    else logger.log('publishes without the relay role: some process must run with it, or what gets stuck stays stuck');
    if (options.roles.worker) await this.consumers.start();
  }

  private async connect(): Promise<void> {
    const { options, logger } = this.runtime;
    const connected = options.transport.connect();
    if (await Deadline.in(systemClock, CONNECT_MS).covers(connected)) return connected;
    logger.warn(`${options.transport.name} is not connected after ${CONNECT_MS} ms; the application starts without it`);
    connected.catch((error: unknown) => logger.error(`connecting failed: ${describeError(error).message}`));
  }

  private async drain(): Promise<void> {
    this.stopping = true;
    const { options, connections, logger } = this.runtime;
    const drain = Deadline.in(systemClock, options.drainMs);
    const ended = this.end(drain);
    if (await drain.plus(WRITE_DOWN_MS).covers(ended)) return ended;
    if (connections.count > 0) {
      logger.warn(
        `the database did not answer ${connections.count} statements in time; their connections are closed, ` +
          'and what they were to write down is found out when leases end',
      );
    }
    connections.abandon();
    await drain.plus(GIVE_UP_MS).covers(ended);
  }

  private async end(drain: Deadline): Promise<void> {
    const { relay, connections } = this.runtime;
    await drain.covers(this.booted);
    // Consumers first: what they handle may still publish, and is then sent in the time that is left.
    // No claim begins any more; what the relay has on the wire ends by itself, or is cut off by `relay.stop`.
    const resting = this.schedule.close(drain);
    await this.consumers.close(drain);
    await Promise.all([resting, relay.stop(drain)]);
    await connections.idle();
  }

  private async close(): Promise<void> {
    const { options, connections, logger } = this.runtime;
    const closing = options.transport.close();
    closing.catch((error: unknown) => logger.warn(`closing the transport failed: ${describeError(error).message}`));
    await Deadline.in(systemClock, SOCKETS_MS).covers(closing);
    // Stragglers would keep TypeORM from closing the data source.
    connections.abandon();
    this.runtime.dispose();
  }
}
