import type { ModulesContainer } from '@nestjs/core';
import type { MqRuntime } from '../mq-runtime.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { findSchedulerRegistries, type IntervalRegistry } from '../find-scheduler-registries.js';

/** Runs the relay, and shows it by name in the `SchedulerRegistry` of an application that has one. */
export class ReproduceSchedule {
  private registries: readonly IntervalRegistry[] = [];
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
    this.registries = findSchedulerRegistries(this.modules).filter((one) => !one.doesExist('interval', this.name));
    if (this.registries.length === 0) return;
    // The loop times itself, because its pace changes; the interval is the longest pause, and what people can see.
    const interval = setInterval(() => loop.nudge(), this.runtime.options.reproduce.idleMs);
    interval.unref();
    for (const registry of this.registries) registry.addInterval(this.name, interval);
  }

  async stop(): Promise<void> {
    for (const registry of this.registries) {
      // ScheduleModule clears its registry by itself at shutdown.
      if (registry.doesExist('interval', this.name)) registry.deleteInterval(this.name);
    }
    this.registries = [];
    await Promise.all([this.runtime.relay.loop.stop(), this.runtime.relay.pruner.stop()]);
  }
}
