import type { GroupUsage } from '../../core/consumer/consumer-runner.js';
import type { EventLoopLag } from './event-loop-lag.js';
import type { TableWatch } from './table-watch.js';

/** One connection, as gauges look at it. */
export interface MetricSource {
  readonly connection: string;
  readonly roles: readonly string[];
  /** Aliases. */
  readonly topics: readonly string[];
  readonly tables: Pick<TableWatch, 'read' | 'lastAnswer'>;
  readonly lag: Pick<EventLoopLag, 'seconds'>;
  usage(): readonly GroupUsage[];
}
