import { raw, sql, type Sql } from '../sql/sql.js';
import type { TableNames } from '../sql/table-names.js';

/**
 * A number that grows with every change of a pause of this connection: the sum of what the rows count, each under its own
 * lock. The highest of one numbering would not do: of two changes at once, the one that drew the lower number may be
 * committed after somebody has read the higher one, and would never be noticed.
 */
export function pauseVersion(tables: TableNames, connection: string): Sql {
  return sql`(SELECT COALESCE(SUM(p.version), 0) FROM ${raw(tables.pause)} AS p WHERE p.connection = ${connection})`;
}
