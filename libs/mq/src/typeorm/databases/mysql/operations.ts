import { join, raw, sql, type Sql } from '../../sql/sql.js';
import type { OperationDialect, UpsertParts } from '../operation-dialect.js';

/** MySQL and MariaDB. */
export const mysqlOperations: OperationDialect = {
  /** MySQL has no RETURNING. What `LAST_INSERT_ID(expr)` was given comes back in the OK packet, whichever way the row went. */
  upsertAndAnswer({ answer, ...parts }) {
    const last = parts.values.length - 1;
    const values = parts.values.map((value, i) => (i === last ? sql`${value} + 0 * LAST_INSERT_ID(${answer})` : value));
    return upsert({ ...parts, values });
  },
  answerOf: ({ raw: header }) => Number((header as { insertId: number | string }).insertId),
  upsert,
};

function upsert({ table, columns, values, overwrite, countUp }: UpsertParts): Sql {
  const sets = overwrite.map((column) => raw(`${column} = VALUES(${column})`));
  if (countUp !== undefined) sets.push(raw(`${countUp} = ${countUp} + 1`));
  return sql`INSERT INTO ${raw(table)} (${raw(columns.join(', '))}) VALUES (${join(values)})
    ON DUPLICATE KEY UPDATE ${join(sets)}`;
}
