import type { Check } from '../check.js';

/** One for a handler, one for the relay, one for whoever publishes. */
const LEAST = 3;

/** Each handler holds a connection for as long as it runs, so the pool decides how many run. */
export const pool: Check = {
  code: 'pool',
  needs: 'nothing',
  run({ options: { maxInFlight }, subscriptions, poolSize }) {
    if (subscriptions.length === 0) return [];
    const most = Math.max(...subscriptions.map(({ group }) => group.concurrency));
    if (poolSize < LEAST) {
      return [
        {
          code: 'pool-too-small',
          severity: 'error',
          what: `the pool has ${poolSize} connections for a handler, the relay and whoever publishes: they wait for each other`,
          evidence: { pool: poolSize, maxInFlight, concurrency: most },
          todo: `poolSize: ${LEAST + most}, in the options of the data source`,
        },
      ];
    }
    const short = subscriptions.filter(({ group }) => group.concurrency > maxInFlight);
    if (short.length === 0) return [];
    return [
      {
        code: 'pool-too-small',
        severity: 'warning',
        what:
          `no more than ${maxInFlight} handlers run at once in this process, whatever a group's concurrency says: each holds one of the ` +
          `${poolSize} connections of the pool`,
        evidence: {
          pool: poolSize,
          maxInFlight,
          groups: [...new Set(short.map(({ group }) => `${group.alias}: concurrency ${group.concurrency}`))],
        },
        todo: `poolSize: ${2 * most}, in the options of the data source (half of it is for handlers), or a lower concurrency`,
      },
    ];
  },
};
