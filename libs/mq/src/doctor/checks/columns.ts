import type { Check } from '../check.js';
import type { DoctorFinding } from '../finding.js';

/** Compares each column with the one that this version creates. */
export const columns: Check = {
  code: 'columns',
  needs: 'tables',
  run: ({ database }) =>
    database.read(async (runner) => {
      const { examination } = database.dialect;
      const { mend } = examination;
      const described = await database.described(runner);
      const there = await examination.columns(
        runner,
        database.tables.schema,
        described.map(({ name }) => name),
      );
      return described.flatMap(({ name: table, quoted, columns: wanted }): DoctorFinding[] => {
        const found = there.filter((column) => column.table === table);
        const missing = wanted.filter(({ name }) => !found.some((column) => column.name === name));
        const foreign = found.filter(
          ({ name, nullable, hasDefault }) =>
            !nullable && !hasDefault && !wanted.some((column) => column.name === name),
        );
        const pairs = wanted.flatMap((column) => {
          const real = found.find(({ name }) => name === column.name);
          return real ? [{ column, real }] : [];
        });
        return [
          ...missing.map(({ name, definition }): DoctorFinding => ({
            code: 'column-missing',
            severity: 'error',
            what: `${table} has no column ${name}: statements that name it fail`,
            evidence: { table, column: name },
            todo: mend.addColumn(quoted, name, definition),
          })),
          ...foreign.map(({ name, type }): DoctorFinding => ({
            code: 'column-foreign',
            severity: 'error',
            what: `${table} has a column ${name} that is not ours, may not be empty and has no default: every INSERT fails`,
            evidence: { table, column: name, type },
            todo: mend.relaxColumn(quoted, name, type),
          })),
          ...pairs
            .filter(({ column, real }) => column.type !== real.type)
            .map(({ column, real }): DoctorFinding => ({
              code: 'column-type',
              severity: 'error',
              what: `${table}.${column.name} is of type ${real.type} instead of ${column.type}: what does not fit is refused or cut`,
              evidence: { table, column: column.name, type: real.type, expected: column.type },
              todo: mend.changeColumn(quoted, column.name, column),
            })),
          ...pairs
            // What is created without one compares in any way.
            .filter(({ column }) => column.collation !== null)
            .filter(({ column, real }) => column.type === real.type && column.collation !== real.collation)
            .map(({ column, real }): DoctorFinding => ({
              code: 'column-collation',
              severity: 'error',
              what:
                `${table}.${column.name} compares by ${real.collation ?? 'the collation of the database'} instead of ` +
                `${column.collation}: texts that differ may count as equal, and indexes go unused`,
              evidence: { table, column: column.name, collation: real.collation, expected: column.collation },
              todo: mend.changeColumn(quoted, column.name, column),
            })),
        ];
      });
    }),
};
