import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import type { TableNames } from '../sql/table-names.js';
import { definitionOf, missingColumns } from './missing-columns.js';

/**
 * Adds the columns that a table of an older version lacks, as the statement that creates it defines them. To be called only
 * for tables of which a migration is recorded: those of somebody else lack ours, too.
 *
 * Answers the tables that it has changed.
 *
 * Columns that are added here are nullable and have no default, so no server rewrites the table for them.
 */
export async function addMissingColumns(runner: QueryRunner, dialect: Dialect, tables: TableNames): Promise<string[]> {
  const statements = await dialect.createTables(runner, tables);
  const missing = [...(await missingColumns(runner, dialect, tables))].filter(([, columns]) => columns.length > 0);
  for (const [table, columns] of missing) {
    for (const column of columns) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ${definitionOf(statements, table, column)}`);
    }
  }
  return missing.map(([table]) => table);
}
