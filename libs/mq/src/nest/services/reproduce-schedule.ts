import type { ModulesContainer } from '@nestjs/core';
import type { TickResult } from '../../core/relay/relay-tick.js';
import { describeError } from '../../core/errors/describe-error.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { Switch } from '../../core/runtime/switch.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqRuntime } from '../mq-runtime.js';
import { DEFAULT_CONNECTION } from '../tokens.js';
import { findSchedulerRegistries, type IntervalRegistry } from '../discovery/find-scheduler-registries.js';
import { ReproduceService } from './reproduce.service.js';

/** {@link ReproduceService} of one connection: runs its relay, and shows it by name in the `SchedulerRegistry` of an application that has one. */
export class ReproduceSchedule extends ReproduceService {
  private registries: readonly IntervalRegistry[] = [];
  private readonly power: Switch;
  private deadline: Deadline | null = null;
  private readonly name: string;

  constructor(
    private readonly runtime: MqRuntime,
    private readonly modules: ModulesContainer,
  ) {
    super();
    this.name = runtime.connection === DEFAULT_CONNECTION ? 'mq:reproduce' : `mq:reproduce:${runtime.connection}`;
    this.power = new Switch(
      () => this.turnOn(),
      () => this.turnOff(),
    );
  }

  runOnce(): Promise<TickResult> {
    return this.runtime.relay.loop.runOnce();
  }

  start(): void {
    this.power
      .on()
      .catch((error: unknown) => this.runtime.logger.write('schedule.failed', describeError(error).message));
  }

  /** Resolves when no pass is under way any more, and after the drain time if the database does not answer. */
  stop(): Promise<void> {
    return this.power.off();
  }

  /** {@link stop} for good. */
  close(deadline: Deadline): Promise<void> {
    this.deadline = deadline;
    return this.power.lock();
  }

  private turnOn(): void {
    const { loop, pruner, stranded, orphans } = this.runtime.relay;
    loop.start();
    pruner.start();
    stranded.start();
    orphans.start();
    this.registries = findSchedulerRegistries(this.modules).filter((one) => !one.doesExist('interval', this.name));
    if (this.registries.length === 0) return;
    // The loop times itself, because its pace changes; the interval is the longest pause, and what people can see.
    const interval = setInterval(() => loop.nudge(), this.runtime.options.reproduce.idleMs);
    interval.unref();
    for (const registry of this.registries) registry.addInterval(this.name, interval);
  }

  private async turnOff(): Promise<void> {
    for (const registry of this.registries) {
      // ScheduleModule clears its registry by itself at shutdown.
      if (registry.doesExist('interval', this.name)) registry.deleteInterval(this.name);
    }
    this.registries = [];
    const { relay, options } = this.runtime;
    const deadline = this.deadline ?? Deadline.in(systemClock, options.drainMs);
    const loops = [relay.loop, relay.pruner, relay.stranded, relay.orphans];
    await deadline.covers(Promise.all(loops.map((loop) => loop.stop())));
  }
}
