import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import { TABLES, type TableNames } from '../sql/table-names.js';
import { createMigrationsTable } from './create-migrations-table.js';
import { describedTables } from './described-tables.js';

/**
 * Which of our names are taken, each with those of our columns that its table lacks: none when the table is ours. Counted are
 * the columns that a table is created with, so this says nothing about tables of which a migration is recorded.
 */
export async function missingColumns(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const described = describedTables([createMigrationsTable(tables), ...(await dialect.createTables(runner, tables))]);
  const names = TABLES.map((table) => tables.prefix + table);
  const there = await dialect.columnsOf(runner, tables.schema, names);
  const missing = new Map<string, readonly string[]>();
  for (const table of names) {
    const { quoted, columns } = described.find(({ name }) => name === table)!;
    const found = there.get(table);
    if (found)
      missing.set(
        quoted,
        columns.flatMap(({ name }) => (found.has(name) ? [] : [name])),
      );
  }
  return missing;
}
