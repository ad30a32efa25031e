import { describeError } from '../../core/errors/describe-error.js';
import type { Check } from '../check.js';
import type { DoctorFinding } from '../finding.js';

/** Whether the database answers at all. What needs it is not tried without. */
export const database: Check = {
  code: 'database',
  needs: 'database',
  async run({ database: view, poolSize }) {
    const { isInitialized } = view.dataSource;
    if (!isInitialized) return [unreachable('the data source is not connected', poolSize)];
    try {
      await view.read((runner) => runner.query('SELECT 1'));
      return [];
    } catch (error) {
      return [unreachable(describeError(error).message, poolSize)];
    }
  },
  silence: ({ poolSize }, waitedMs) => [
    unreachable(`none within ${waitedMs} ms, or no connection of the pool was free`, poolSize),
  ],
};

function unreachable(answer: string, pool: number): DoctorFinding {
  return {
    code: 'database-unreachable',
    severity: 'error',
    what: 'the database gives no connection: nothing is published, sent or handled',
    evidence: { answer, pool },
    todo: 'start the database, or correct host, port, user and password of the data source',
  };
}
