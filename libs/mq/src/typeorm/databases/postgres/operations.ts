import { join, raw, sql, type Sql } from '../../sql/sql.js';
import type { OperationDialect, UpsertParts } from '../operation-dialect.js';

export const postgresOperations: OperationDialect = {
  upsertAndAnswer: ({ answer, ...parts }) => sql`${upsert(parts)} RETURNING ${answer} AS answer`,
  answerOf: ({ rows }) => Number(rows[0]!.answer),
  upsert,
};

function upsert({ table, columns, values, key, overwrite, countUp }: UpsertParts): Sql {
  const sets = overwrite.map((column) => raw(`${column} = excluded.${column}`));
  if (countUp !== undefined) sets.push(raw(`${countUp} = t.${countUp} + 1`));
  return sql`INSERT INTO ${raw(table)} AS t (${raw(columns.join(', '))}) VALUES (${join(values)})
    ON CONFLICT (${raw(key.join(', '))}) DO UPDATE SET ${join(sets)}`;
}
