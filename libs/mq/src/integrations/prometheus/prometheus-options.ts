import { type Registry, register } from 'prom-client';
import { MqError } from '../../core/errors/mq-error.js';
import { type Duration, tryParseDuration } from '../../core/runtime/duration.js';

export interface MqPrometheusOptions {
  /** Where the metrics are registered: that of the application. Default: the global one of `prom-client`. */
  readonly registry?: Registry | undefined;
  /** What every name begins with. With another one, change it in the alerts and the dashboard as well. Default: `mq_`. */
  readonly prefix?: string | undefined;
  /** How often the tables are asked, by one process of all. A second at least. Default: `15s`. */
  readonly every?: Duration | undefined;
}

export interface ResolvedPrometheusOptions {
  readonly registry: Registry;
  readonly prefix: string;
  readonly everyMs: number;
}

const KNOWN: readonly string[] = ['registry', 'prefix', 'every'] satisfies (keyof MqPrometheusOptions)[];
const PREFIX = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws {MqError} `MQ_CONFIG_INVALID`, naming everything that is wrong */
export function resolvePrometheusOptions(options: MqPrometheusOptions): ResolvedPrometheusOptions {
  const { registry = register, prefix = 'mq_', every = '15s' } = options;
  const everyMs = tryParseDuration(every);
  const problems = Object.keys(options)
    .filter((key) => !KNOWN.includes(key))
    .map((key) => `${key}: unknown option; known here: ${KNOWN.join(', ')}`);
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    problems.push(`prefix: must be letters, digits and _, and begin with no digit, is ${JSON.stringify(prefix)}`);
  }
  if (everyMs === undefined || everyMs < 1_000) {
    problems.push(`every: must be a duration of 1s or more, is ${JSON.stringify(every)}`);
  }
  if (typeof registry?.registerMetric !== 'function') problems.push('registry: must be a Registry of prom-client');
  if (problems.length > 0) {
    const said = problems.map((problem) => `  - ${problem}`).join('\n');
    throw new MqError('MQ_CONFIG_INVALID', `The options of MqPrometheusModule are wrong:\n${said}`, {
      details: { problems },
    });
  }
  return { registry, prefix, everyMs: everyMs! };
}
