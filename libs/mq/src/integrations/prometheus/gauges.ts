import type { GroupUsage } from '../../core/consumer/consumer-runner.js';
import { oldestAges } from '../../core/operators/oldest-ages.js';
import { VERSION } from '../../core/runtime/version.js';
import type { TableMeasures } from '../../core/store/metrics-store.js';
import { classLabels } from './class-labels.js';
import type { MetricSource } from './metric-source.js';
import { outboxSeries } from './outbox-series.js';

type Labels = Record<string, string>;

/** Sets the values of one gauge from what is in memory. */
export type Fill = (sources: readonly MetricSource[], set: (value: number, labels: Labels) => void) => void;

interface GaugeDefinition {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly fill: Fill;
}

/** A gauge of which every connection has its values. */
function perConnection(
  name: string,
  help: string,
  labels: readonly string[],
  values: (source: MetricSource) => readonly (readonly [value: number, labels?: Labels])[],
): GaugeDefinition {
  const fill: Fill = (sources, set) => {
    for (const source of sources) {
      const { connection } = source;
      for (const [value, of] of values(source)) set(value, { connection, ...of });
    }
  };
  return { name, help, labels: ['connection', ...labels], fill };
}

/** A gauge of the tables: it has values in the one process that asks them, and in no other. */
function ofTables(
  name: string,
  help: string,
  labels: readonly string[],
  values: (measures: TableMeasures, topics: readonly string[]) => readonly (readonly [value: number, labels: Labels])[],
): GaugeDefinition {
  return perConnection(name, help, labels, ({ tables, topics }) => {
    const measures = tables.read();
    return measures ? values(measures, topics) : [];
  });
}

function perGroup(name: string, help: string, value: (usage: GroupUsage) => number): GaugeDefinition {
  return perConnection(name, help, ['group'], (source) =>
    source.usage().map((usage) => [value(usage), { group: usage.group }]),
  );
}

export const GAUGES: readonly GaugeDefinition[] = [
  ofTables('outbox_messages', 'Messages in the outbox that are not finished', ['state', 'topic'], (measures, topics) =>
    outboxSeries(measures, topics).map(({ topic, state, count }) => [count, { topic, state }]),
  ),
  ofTables(
    'outbox_oldest_age_seconds',
    'For how long the oldest message should have been with the broker',
    ['topic'],
    (measures, topics) => [...oldestAges(measures, topics)].map(([topic, ms]) => [ms / 1_000, { topic }]),
  ),
  ofTables('errors_open', 'Parked messages that nobody has decided about', ['group', 'class'], ({ errors }) =>
    classLabels(errors).map(({ count, ...labels }) => [count, labels]),
  ),
  perGroup('inflight', 'Handlers that run', ({ inFlight }) => inFlight),
  perGroup('concurrency_limit', 'Handlers that may run at once', ({ concurrency }) => concurrency),
  perGroup('group_consumers', 'Poll loops of the group that are not paused', ({ consumers }) => consumers),
  perGroup('handler_timeout_seconds', 'What a handler of the group may take', ({ timeoutMs }) => timeoutMs / 1_000),
  perConnection('node_info', '1 for each role of the process', ['version', 'role'], ({ roles }) =>
    roles.map((role) => [1, { version: VERSION, role }]),
  ),
  perConnection(
    'node_heartbeat_timestamp_seconds',
    "When the database last answered the process, by the database's clock",
    [],
    ({ tables: { lastAnswer } }) => (lastAnswer ? [[lastAnswer.databaseMs / 1_000]] : []),
  ),
  perConnection(
    'db_clock_offset_seconds',
    "The process's clock minus the database's",
    [],
    ({ tables: { lastAnswer } }) => (lastAnswer ? [[lastAnswer.offsetMs / 1_000]] : []),
  ),
  {
    name: 'event_loop_lag_seconds',
    help: 'The longest time that the event loop was held up lately',
    labels: [],
    fill: ([source], set) => {
      if (source) set(source.lag.seconds(), {});
    },
  },
];
