import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../dialects/dialect.js';
import type { TableNames } from '../table-names.js';

/** Names of the migrations of this library that a set of tables has seen; none when there are no tables yet. */
export async function appliedMigrations(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
): Promise<ReadonlySet<string>> {
  try {
    const rows = (await runner.query(`SELECT name FROM ${tables.migrations}`)) as { name: string }[];
    return new Set(rows.map((row) => row.name));
  } catch (error) {
    if (dialect.isMissingTable(error)) return new Set();
    throw error;
  }
}
