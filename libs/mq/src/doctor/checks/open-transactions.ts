import type { Check } from '../check.js';

/** A transaction that stays open keeps every version of every row that has been changed since, for all tables of the database. */
export const openTransactions: Check = {
  code: 'open-transactions',
  needs: 'database',
  async run({ database, transactionMs }) {
    const { examination } = database.dialect;
    const open = await database.read((runner) => examination.openTransactions(runner, transactionMs));
    return open.map(({ session, user, state, openMs, end }) => ({
      code: 'transaction-left-open',
      severity: 'warning',
      what:
        `a transaction has been open for ${Math.round(openMs / 1_000)} s: what was changed since then cannot be cleaned up, and ` +
        'polls of the relay read more and more of it; its locks hold up whoever waits for them',
      evidence: { session, user, state, openSeconds: Math.round(openMs / 1_000) },
      todo: `find out whose it is, then: ${end}`,
    }));
  },
};
