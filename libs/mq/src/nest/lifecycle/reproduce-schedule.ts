import type { ModulesContainer } from '@nestjs/core';
import type { MqRuntime } from '../mq-runtime.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { findSchedulerRegistry, type IntervalRegistry } from '../find-scheduler-registry.js';

/** Runs the relay, and shows it by name in the application's `SchedulerRegistry` when it has one. */
export class ReproduceSchedule {
  private registry: IntervalRegistry | null = null;
  private readonly name: string;

  constructor(
    private readonly runtime: MqRuntime,
    private readonly modules: ModulesContainer,
  ) {
    this.name = runtime.connection === DEFAULT_CONNECTION ? 'mq:reproduce' : `mq:reproduce:${runtime.connection}`;
  }

  start(): void {
    const { loop, pruner } = this.runtime.relay;
    if (loop.active) return;
    loop.start();
    pruner.start();
    this.registry = findSchedulerRegistry(this.modules);
    if (!this.registry || this.registry.doesExist('interval', this.name)) return;
    // The loop times itself, because its pace changes; the interval is the longest pause, and what people can see.
    const interval = setInterval(() => loop.nudge(), this.runtime.options.reproduce.idleMs);
    interval.unref();
    this.registry.addInterval(this.name, interval);
  }

  async stop(): Promise<void> {
    // ScheduleModule clears its registry by itself at shutdown.
    if (this.registry?.doesExist('interval', this.name)) this.registry.deleteInterval(this.name);
    this.registry = null;
    await Promise.all([this.runtime.relay.loop.stop(), this.runtime.relay.pruner.stop()]);
  }
}
