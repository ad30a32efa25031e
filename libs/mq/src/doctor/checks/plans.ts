import { describeError } from '../../core/errors/describe-error.js';
import { due } from '../../typeorm/store/statements/claim.js';
import type { Check } from '../check.js';
import { lanesOf } from '../lanes-of.js';

const NO_LEASE = { ms: 0, token: '', owner: '' };

/** Asks the planner how it would look for due rows, which every process does every few seconds. */
export const plans: Check = {
  code: 'plans',
  needs: 'tables',
  async run(context) {
    const { options, database } = context;
    const lanes = (await lanesOf(context)).all;
    if (lanes.length === 0) return [];
    const limit = options.reproduce.batch;
    const statement = due(database.own, { lanes, limit, bytes: 0, lease: NO_LEASE }, limit);
    const { text, parameters } = statement.render(database.dialect);
    const index = `${database.tables.prefix}ix_due`;
    const todo = `ANALYZE ${database.tables.statusLog}; if that does not help, look for enable_indexscan = off or a missing ${index}`;
    try {
      const { readsWholeTable, indexes } = await database.read((runner) =>
        database.dialect.examination.plan(runner, text, parameters),
      );
      if (!readsWholeTable) return [];
      return [
        {
          code: 'plan-without-index',
          severity: 'error',
          what: `the database reads the whole table to look for due messages, and not ${index}: each poll takes longer the more rows there are`,
          evidence: { indexes, expected: index },
          todo,
        },
      ];
    } catch (error) {
      if (database.dialect.isConnectionLost(error)) throw error;
      return [
        {
          code: 'plan-without-index',
          severity: 'error',
          what: 'the database refuses the statement that looks for due messages: none is sent',
          evidence: { answer: describeError(error).message, expected: index },
          todo,
        },
      ];
    }
  },
};
