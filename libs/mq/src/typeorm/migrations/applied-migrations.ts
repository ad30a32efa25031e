import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import type { TableNames } from '../sql/table-names.js';
import { createMigrationsTable } from './create-migrations-table.js';
import { describedTables } from './described-tables.js';

/** Names of the migrations of this library that a set of tables has seen; none when there are no tables yet, or somebody else's. */
export async function appliedMigrations(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
): Promise<ReadonlySet<string>> {
  const name = `${tables.prefix}migrations`;
  // Not by trying to read it: a statement that fails ends the transaction that may be open here, and TypeORM logs it.
  const columns = (await dialect.columnsOf(runner, tables.schema, [name])).get(name);
  const [ours] = describedTables([createMigrationsTable(tables)]);
  if (!columns || ours!.columns.some((column) => !columns.has(column.name))) return new Set();
  const rows = (await runner.query(`SELECT name FROM ${tables.migrations}`)) as { name: string }[];
  return new Set(rows.map((row) => row.name));
}
