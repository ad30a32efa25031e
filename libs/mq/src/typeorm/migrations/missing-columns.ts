import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import { TABLES, type TableNames } from '../sql/table-names.js';
import { createMigrationsTable } from './create-migrations-table.js';

/**
 * Which of our names are taken, each with those of our columns that its table lacks: none when the table is ours. Counted are
 * the columns that a table is created with, so this says nothing about tables of which a migration is recorded.
 */
export async function missingColumns(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const statements = [createMigrationsTable(tables), ...(await dialect.createTables(runner, tables))];
  const names = TABLES.map((table) => ({ name: tables.prefix + table, quoted: tables.table(table) }));
  const there = await dialect.columnsOf(
    runner,
    tables.schema,
    names.map(({ name }) => name),
  );
  const missing = new Map<string, readonly string[]>();
  for (const { name, quoted } of names) {
    const columns = there.get(name);
    const statement = createStatementOf(statements, quoted);
    if (columns)
      missing.set(
        quoted,
        columnsIn(statement).filter((column) => !columns.has(column)),
      );
  }
  return missing;
}

/** A column as the statement that creates its table defines it: name, type, constraints. */
export function definitionOf(statements: readonly string[], table: string, column: string): string {
  const line = new RegExp(`^ {2}(${column} .*?),?$`, 'm').exec(createStatementOf(statements, table));
  return line![1]!;
}

function createStatementOf(statements: readonly string[], table: string): string {
  return statements.find((text) => text.startsWith(`CREATE TABLE IF NOT EXISTS ${table} (`))!;
}

/** Read from the statement that creates them, so that there is no second list to keep. It has one column a line, keywords are upper case. */
export function columnsIn(createTable: string): string[] {
  return [...createTable.matchAll(/^ {2}([a-z_]+) /gm)].map(([, column]) => column!);
}
