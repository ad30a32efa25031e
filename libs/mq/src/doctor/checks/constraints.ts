import { raw, sql } from '../../typeorm/sql/sql.js';
import type { Check, CheckContext } from '../check.js';
import type { DoctorFinding } from '../finding.js';

const MOST_COUNTED = 1_000;

/** The constraints keep the rows in states that some sweep reads. Where one is missing, such rows are looked for. */
export const constraints: Check = {
  code: 'constraints',
  needs: 'tables',
  async run({ database }) {
    const found = await database.read(async (runner) => {
      const { examination } = database.dialect;
      const described = await database.described(runner);
      const there = await examination.checks(
        runner,
        database.tables.schema,
        described.map(({ name }) => name),
      );
      return described.flatMap(({ name: table, quoted, checks: wanted }) =>
        wanted.flatMap(({ name, definition }): DoctorFinding[] => {
          const real = there.find((check) => check.table === table && check.name === name);
          if (real?.enforced) return [];
          return [
            {
              code: real ? 'constraint-not-enforced' : 'constraint-missing',
              severity: 'error',
              what: `${table} ${real ? `does not enforce the constraint ${name}` : `lacks the constraint ${name}`}: rows may be in states that no statement looks for`,
              evidence: { table, constraint: name, rule: definition },
              todo: real
                ? examination.mend.enforceCheck(quoted, name)
                : examination.mend.addCheck(quoted, name, definition),
            },
          ];
        }),
      );
    });
    return found.length === 0 ? found : [...found, ...(await invisibleRows(database))];
  },
};

async function invisibleRows(database: CheckContext['database']): Promise<DoctorFinding[]> {
  const table = database.tables.statusLog;
  const [row] = await database.rows<{ n: string | number }>(sql`SELECT COUNT(*) AS n FROM (
    SELECT 1 AS one FROM ${raw(table)} WHERE due_at IS NULL AND status IN ('PENDING', 'SENDING', 'ACCEPTED')
    LIMIT ${MOST_COUNTED}) AS counted`);
  const rows = Number(row!.n);
  if (rows === 0) return [];
  const { texts } = database.dialect.nowMs;
  return [
    {
      code: 'rows-invisible',
      severity: 'error',
      what: `${rows} messages are not finished and have no time at which they are due: no relay will ever see them`,
      evidence: { rows, atLeast: rows === MOST_COUNTED },
      todo: `UPDATE ${table} SET status = 'PENDING', lease_token = NULL, due_at = ${texts.join('')} WHERE due_at IS NULL AND status IN ('PENDING', 'SENDING', 'ACCEPTED');`,
    },
  ];
}
