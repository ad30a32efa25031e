import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { MqError } from '../../core/errors/mq-error.js';
import { systemRandom } from '../../core/runtime/random.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import { runtimesOf } from '../../nest/discovery/runtimes-of.js';
import type { MqRuntime } from '../../nest/mq-runtime.js';
import { countEvents } from './count-events.js';
import { EventLoopLag } from './event-loop-lag.js';
import { beginKnownSeries } from './known-series.js';
import { MqMetrics } from './mq-metrics.js';
import type { ResolvedPrometheusOptions } from './prometheus-options.js';
import { TableWatch } from './table-watch.js';

/** Exports the metrics of all connections of the application, from its first hook to the first one of its end. */
export class PrometheusExporter implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly lag: EventLoopLag;
  private watches: TableWatch[] = [];
  private ends: (() => void)[] = [];

  constructor(
    private readonly modules: ModulesContainer,
    private readonly options: ResolvedPrometheusOptions,
  ) {
    this.lag = new EventLoopLag(systemClock, options.everyMs);
  }

  /** @throws {MqError} `MQ_CONFIG_INVALID` when the module is imported twice, or no MqModule is there */
  onModuleInit(): void {
    const runtimes = runtimesOf(this.modules);
    if (runtimes.length === 0) {
      throw new MqError(
        'MQ_CONFIG_INVALID',
        'MqPrometheusModule finds no MqModule: import that in the application, too.',
      );
    }
    for (const runtime of runtimes) this.export(runtime);
    this.lag.start();
  }

  onApplicationBootstrap(): void {
    for (const watch of this.watches) watch.start();
  }

  /** Before anything is drained: then the connections of the database are needed for the results. */
  async onModuleDestroy(): Promise<void> {
    this.lag.stop();
    await Promise.all(this.watches.map((watch) => watch.stop()));
    for (const end of this.ends) end();
    this.watches = [];
    this.ends = [];
  }

  private export({ connection, events, metrics: store, options: { topics, roles }, consumers }: MqRuntime): void {
    const { registry, prefix, everyMs } = this.options;
    const metrics = MqMetrics.in(registry, prefix);
    if (metrics.has(connection)) {
      throw new MqError(
        'MQ_CONFIG_INVALID',
        `Two exporters count what happens on the connection '${connection}' in one registry: import MqPrometheusModule once, ` +
          'and give each of several applications in one process a registry of its own.',
        { details: { connection } },
      );
    }
    const watch = new TableWatch({ store, events, everyMs, clock: systemClock, random: systemRandom });
    const aliases = [...topics.keys()];
    this.watches.push(watch);
    this.ends.push(
      beginKnownSeries(events, metrics.instruments, { connection, topics: aliases }),
      countEvents(events, metrics.instruments, { connection, now: () => systemClock.now() }),
      metrics.add({
        connection,
        topics: aliases,
        roles: ['publish', ...(roles.relay ? ['relay'] : []), ...(roles.worker ? ['worker'] : [])],
        tables: watch,
        lag: this.lag,
        usage: () => consumers.usage(),
      }),
    );
  }
}
