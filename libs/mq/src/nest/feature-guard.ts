import type { ModulesContainer } from '@nestjs/core';
import { MqError } from '../core/errors/mq-error.js';
import { runtimesOf } from './discovery/runtimes-of.js';
import type { MqFeature } from './mq-feature.js';
import type { MqRuntime } from './mq-runtime.js';

/** Tells of a feature that nobody has taken in: its topics would be unknown, and nothing would say why. */
export class FeatureGuard {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly feature: MqFeature,
  ) {
    // A module that is loaded later is made without hooks, and finds a connection that has begun without it.
    const runtime = this.runtime();
    if (runtime && !runtime.features.includes(feature)) throw this.late();
  }

  onModuleInit(): void {
    if (this.runtime()) return;
    const { connection } = this.feature;
    const known = runtimesOf(this.modules).map((runtime) => runtime.connection);
    throw new MqError(
      'MQ_UNKNOWN_CONNECTION',
      `MqModule.forFeature() brings ${this.what()} to the connection '${connection}', but no MqModule has that name. Known: ` +
        `${known.join(', ') || 'none'}. Import MqModule.forRoot() once in the application, or correct the name.`,
      { details: { connection, known } },
    );
  }

  private runtime(): MqRuntime | undefined {
    return runtimesOf(this.modules).find(({ connection }) => connection === this.feature.connection);
  }

  private late(): MqError {
    return new MqError(
      'MQ_CONFIG_INVALID',
      `MqModule.forFeature() brings ${this.what()} after the connection '${this.feature.connection}' was made. Import the module that does so when ` +
        'the application starts, or write its topics and groups into MqModule.forRoot(): handlers alone may be loaded later.',
      { details: { connection: this.feature.connection } },
    );
  }

  private what(): string {
    const { topics = {}, groups = {} } = this.feature.options;
    return [...Object.keys(topics), ...Object.keys(groups)].map((alias) => `'${alias}'`).join(', ') || 'nothing';
  }
}
