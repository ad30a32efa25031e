import type { Check } from '../check.js';

export const deadRows: Check = {
  code: 'dead-rows',
  needs: 'tables',
  run: ({ database }) =>
    database.read(async (runner) => {
      const { examination } = database.dialect;
      const found = await examination.deadRows(runner, database.tables);
      return found.map(({ table, dead, live }) => ({
        code: 'dead-rows',
        severity: 'warning',
        what: `${table} holds more dead rows than live ones: autovacuum is off or too slow, or a transaction that is open keeps it from working`,
        evidence: { table, dead, live },
        todo: `${examination.mend.cleanUp(table)} once no transaction is left open`,
      }));
    }),
};
