import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import { join, sql } from '../sql/sql.js';
import { runSql } from '../sql/run-sql.js';
import { BASE_TABLES, isTablePrefix } from '../sql/table-names.js';

/**
 * Prefixes of the complete sets of our tables in a schema, but for those in `known`. What this user may not see is not
 * among them, and cannot have been its own.
 */
export async function otherTableSets(
  runner: QueryRunner,
  dialect: Dialect,
  schema: string,
  known: readonly string[],
): Promise<string[]> {
  // As in every LIKE, _ is any character; the names are looked at again below.
  const endings = BASE_TABLES.map((table) => sql`table_name LIKE ${`%${table}`}`);
  // The name that MySQL gives to a column of information_schema is upper case.
  const { rows } = await runSql<{ found: string }>(
    runner,
    dialect,
    sql`SELECT table_name AS found FROM information_schema.tables
      WHERE table_schema = ${schema} AND (${join(endings, ' OR ')})`,
  );
  const names = new Set(rows.map(({ found }) => found));
  const [first] = BASE_TABLES;
  const prefixes = [...names].filter((name) => name.endsWith(first)).map((name) => name.slice(0, -first.length));
  // Servers with lower_case_table_names keep lower case of what was written otherwise.
  const used = new Set(known.map((prefix) => prefix.toLowerCase()));
  return prefixes.filter(
    (prefix) =>
      isTablePrefix(prefix) &&
      !used.has(prefix.toLowerCase()) &&
      BASE_TABLES.every((table) => names.has(prefix + table)),
  );
}
