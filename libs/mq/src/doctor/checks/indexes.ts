import type { Check } from '../check.js';
import type { DoctorFinding } from '../finding.js';

export const indexes: Check = {
  code: 'indexes',
  needs: 'tables',
  run: ({ database }) =>
    database.read(async (runner) => {
      const { examination } = database.dialect;
      const { mend } = examination;
      const described = await database.described(runner);
      const there = await examination.indexes(
        runner,
        database.tables.schema,
        described.map(({ name }) => name),
      );
      return described.flatMap(({ name: table, quoted, indexes: wanted }) =>
        wanted.flatMap(({ name, columns, definition }): DoctorFinding[] => {
          const found = there.find((index) => index.table === table && index.name === name);
          const called = name ?? 'its primary key';
          if (!found) {
            return [
              {
                code: 'index-missing',
                severity: 'error',
                what: `${table} lacks ${name === null ? called : `the index ${called}`}: statements that go by it read the whole table, or fail`,
                evidence: { table, index: name, columns },
                todo: mend.addIndex(quoted, name, definition),
              },
            ];
          }
          const same = found.columns.join() === columns.join();
          if (same && found.usable) return [];
          return [
            {
              code: 'index-differs',
              severity: 'error',
              what: same
                ? `${called} of ${table} is there, and no statement uses it: it was built halfway, or is hidden`
                : `${called} of ${table} is an index on other columns than ours`,
              evidence: { table, index: name, columns: found.columns, expected: columns, usable: found.usable },
              todo: mend.replaceIndex(quoted, name, definition),
            },
          ];
        }),
      );
    }),
};
