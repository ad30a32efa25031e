import type { HealthCause } from '../../../core/consumer/state/health-cause.js';
import { countOf } from '../../../core/runtime/count-of.js';
import type { Outage } from '../../../observability/outage.js';
import type { MqRuntime } from '../../mq-runtime.js';

/**
 * What is away, each with how many messages wait and since when. The database is left out where it does not answer anyway: then it is told
 * of in other words, and could not count.
 */
export async function outageCauses(
  runtime: Pick<MqRuntime, 'outages' | 'waiting'>,
  outages: readonly Outage[],
  { databaseIsAway }: { readonly databaseIsAway: boolean },
): Promise<HealthCause[]> {
  const told = outages.filter(({ cause }) => !(databaseIsAway && cause === 'database'));
  return Promise.all(
    told.map(async (outage): Promise<HealthCause> => {
      const { cause, since } = outage;
      const waiting = databaseIsAway || cause === 'database' ? null : await runtime.waiting(cause);
      const waits = waiting === null ? '' : `, ${countOf(waiting, 'message')} in the outbox`;
      return {
        code: cause.split(' ')[0]!,
        severity: 'degraded',
        text: `${runtime.outages.describe(outage)} (since ${since.toISOString()}${waits})`,
        since,
        ...(waiting !== null && { waiting }),
      };
    }),
  );
}
