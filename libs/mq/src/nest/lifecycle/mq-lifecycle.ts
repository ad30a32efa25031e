import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleDestroy,
  OnModuleInit,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { ConsumerControl } from './consumer-control.js';
import { refuseDuplicates } from './refuse-duplicates.js';
import type { MqRuntime } from '../mq-runtime.js';
import type { ReproduceSchedule } from './reproduce-schedule.js';

/**
 * Starts and stops one connection with the application.
 *
 * - `onModuleInit`: what can only be seen across modules (duplicate connections, handlers) is checked, before anything runs.
 * - `onApplicationBootstrap`: everything of the process's roles starts.
 * - `onModuleDestroy`: intake stops, at the first word of a shutdown, since modules that import us are destroyed before us.
 * - `beforeApplicationShutdown`: everything is drained. Not later: TypeORM closes the data source in
 *   `onApplicationShutdown`, and Nest finishes one phase over the whole application before the next.
 * - `onApplicationShutdown`: sockets are closed.
 */
export class MqLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    private readonly runtime: MqRuntime,
    private readonly modules: ModulesContainer,
    private readonly consumers: ConsumerControl,
    private readonly schedule: ReproduceSchedule,
  ) {}

  onModuleInit(): void {
    refuseDuplicates(this.modules, this.runtime);
    this.consumers.explore();
  }

  async onApplicationBootstrap(): Promise<void> {
    const { options, relay, logger } = this.runtime;
    for (const warning of options.transport.warnings?.() ?? []) logger.warn(warning);
    await options.transport.connect();
    relay.immediate.start();
    if (options.roles.relay) this.schedule.start();
    else logger.log('publishes without the relay role: some process must run with it, or what gets stuck stays stuck');
    if (options.roles.worker) await this.consumers.start();
  }

  onModuleDestroy(): void {
    this.consumers.stopIntake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { relay, options } = this.runtime;
    const began = systemClock.monotonic();
    // Consumers first: what they handle may still publish, and is then sent in the time that is left.
    // No claim begins any more; what the relay has on the wire ends by itself, or is cut off by `relay.stop`.
    const resting = this.schedule.stop();
    await this.consumers.stop();
    await Promise.all([resting, relay.stop(Math.max(0, options.drainMs - (systemClock.monotonic() - began)))]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.runtime.options.transport.close();
    this.runtime.dispose();
  }
}
