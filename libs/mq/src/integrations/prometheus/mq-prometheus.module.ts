import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { requireModules } from '../../nest/require-one-copy.js';
import { PrometheusExporter } from './prometheus-exporter.js';
import { type MqPrometheusOptions, resolvePrometheusOptions } from './prometheus-options.js';

/**
 * Metrics of every MqModule of the application, in a registry of `prom-client`; the application serves that, as it serves
 * its own metrics. Imported once, beside MqModule.
 *
 * @example
 * MqPrometheusModule.forRoot() // and, in a controller: `return register.metrics()`
 */
@Module({})
export class MqPrometheusModule {
  /** @throws {MqError} `MQ_CONFIG_INVALID` */
  static forRoot(options: MqPrometheusOptions = {}): DynamicModule {
    const resolved = resolvePrometheusOptions(options);
    return {
      module: MqPrometheusModule,
      providers: [
        {
          provide: PrometheusExporter,
          inject: [{ token: ModulesContainer, optional: true }],
          useFactory: (modules: ModulesContainer | undefined) =>
            new PrometheusExporter(requireModules(modules), resolved),
        },
      ],
    };
  }
}
