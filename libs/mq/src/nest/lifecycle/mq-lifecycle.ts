import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleDestroy,
  OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService, type ModulesContainer } from '@nestjs/core';
import { describeError } from '../../core/errors/describe-error.js';
import { countOf } from '../../core/runtime/count-of.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqRuntime } from '../mq-runtime.js';
import { instancesOf } from '../discovery/instances-of.js';
import type { ConsumerControl } from '../services/consumer-control.js';
import type { ReproduceSchedule } from '../services/reproduce-schedule.js';
import { exploreListeners } from '../discovery/listener-explorer.js';
import { refuseUnknownConnections } from '../discovery/refuse-unknown-connections.js';
import { runBootChecks } from './boot-checks.js';
import { bootLine } from './boot-line.js';
import { listen } from './listen.js';
import { refuseDuplicates } from './refuse-duplicates.js';
import { reportShutdown, type UnderWay } from './shutdown-report.js';

/** How long boot waits for the transport to connect. Publishing works without it, and `close()` waits for boot. */
const CONNECT_MS = 10_000;
/**
 * How long the database may take after the drain to write the results, before its connections are closed. A delivery that
 * was cut off tries for two seconds to roll back.
 */
const WRITE_DOWN_MS = 3_000;
/** How long everything may take to end after the drain, subscriptions included, which take five seconds on RocketMQ 5. */
const GIVE_UP_MS = 8_000;
const SOCKETS_MS = 2_000;

/**
 * Starts and stops one connection with the application.
 *
 * - `onModuleInit`: what can only be seen across modules (duplicate connections, handlers, listeners) is checked, before anything runs.
 * - `onApplicationBootstrap`: everything of the process's roles starts, or what the command needs that it boots for.
 * - `onModuleDestroy`: intake stops, at the first hook of a shutdown, since modules that import us are destroyed before us.
 * - `beforeApplicationShutdown`: everything is drained. Not later: TypeORM closes the data source in
 *   `onApplicationShutdown`, and Nest finishes one phase over the whole application before the next.
 * - `onApplicationShutdown`: sockets are closed.
 *
 * Nest calls the hooks module after module, so the first connection whose hook is called runs it for all connections: they
 * stop at the same time. Each step has a deadline, and all deadlines count from that moment.
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
    runBootChecks(this.modules);
    this.consumers.explore();
    this.listen();
    if (this.consumers.handlers().length > 0) this.runtime.requireJoinable();
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

  private listen(): void {
    const found = exploreListeners(new DiscoveryService(this.modules));
    refuseUnknownConnections(this.modules, found, '@OnMqEvent');
    const mine = found.filter(({ connection }) => connection === this.runtime.connection);
    this.runtime.untilDisposed(listen(this.runtime.events, mine));
  }

  private async boot(): Promise<void> {
    const { options, boot, relay, logger } = this.runtime;
    logger.write('boot.started', bootLine(this.runtime));
    if (boot.connect) for (const warning of options.transport.warnings?.() ?? []) logger.write('boot.setting', warning);
    // What is paused must be known before anything starts.
    await Promise.all([boot.connect ? this.connect() : undefined, this.beat()]);
    // An application may be closed while it boots, and then nobody would stop what starts here.
    if (this.stopping) return;
    if (boot.immediate) relay.immediate.start();
    if (boot.relay) this.schedule.start();
    else if (!options.roles.relay)
      logger.write(
        'boot.relay-elsewhere',
        'publishes without the relay role: some process must run with it, or what gets stuck stays stuck',
      );
    if (boot.worker) await this.consumers.start();
  }

  /** A process that only looks at the tables is no node. */
  private async beat(): Promise<void> {
    const { operations, boot } = this.runtime;
    const runs = { publish: boot.immediate, relay: boot.relay, worker: boot.worker };
    const roles = (['publish', 'relay', 'worker'] as const).filter((role) => runs[role]);
    if (roles.length > 0) await operations.heartbeat.start(roles);
  }

  private async connect(): Promise<void> {
    const { options, logger } = this.runtime;
    const connected = options.transport.connect();
    if (await Deadline.in(systemClock, CONNECT_MS).covers(connected)) return connected;
    logger.write(
      'boot.not-connected',
      `${options.transport.name} is not connected after ${CONNECT_MS} ms; the application starts without it`,
    );
    connected.catch((error: unknown) =>
      logger.write('boot.connect-failed', `connecting failed: ${describeError(error).message}`),
    );
  }

  private async drain(): Promise<void> {
    this.stopping = true;
    const { options, logger, consumers, relay } = this.runtime;
    const look = (): UnderWay => ({ deliveries: consumers.deliveries(), sends: relay.onTheWire });
    const report = { clock: systemClock, logger, drainMs: options.drainMs };
    const drained = reportShutdown(report, look);
    await this.endWithin(Deadline.in(systemClock, options.drainMs));
    drained();
  }

  private async endWithin(drain: Deadline): Promise<void> {
    const { connections, logger } = this.runtime;
    const ended = this.end(drain);
    if (await drain.plus(WRITE_DOWN_MS).covers(ended)) return ended;
    if (connections.count > 0) {
      logger.write(
        'shutdown.database',
        `the database did not answer ${countOf(connections.count, 'statement')} in time; their connections are closed, ` +
          'and what they were to write down is found out when leases end',
        { count: connections.count },
      );
    }
    connections.abandon();
    await drain.plus(GIVE_UP_MS).covers(ended);
  }

  private async end(drain: Deadline): Promise<void> {
    const { relay, connections, operations } = this.runtime;
    await drain.covers(this.booted);
    // Consumers first: what they handle may still publish, and is then sent in the time that is left.
    // No claim begins any more; what the relay has on the wire ends by itself, or is cut off by `relay.stop`.
    const resting = this.schedule.close(drain);
    await this.consumers.close(drain);
    await Promise.all([resting, relay.stop(drain)]);
    // Last, so that a process that still works is seen to.
    await operations.heartbeat.stop();
    await connections.whenIdle();
  }

  private async close(): Promise<void> {
    const { options, connections, logger } = this.runtime;
    const closing = options.transport.close();
    closing.catch((error: unknown) =>
      logger.write('shutdown.transport', `closing the transport failed: ${describeError(error).message}`),
    );
    await Deadline.in(systemClock, SOCKETS_MS).covers(closing);
    // Connections that are still in use would keep TypeORM from closing the data source.
    connections.abandon();
    this.runtime.dispose();
  }
}
