import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import type { TableNames } from '../sql/table-names.js';
import type { DescribedTable } from './described-tables.js';

/**
 * Adds the indexes that these tables, which were there before, lack. On MySQL and MariaDB they stand in the statement that creates the
 * table, which skips a table that exists. Asked of the catalogue and not of the columns that were missing: where DDL is not
 * transactional, a migration may have stopped between a column and its index.
 */
export async function addMissingIndexes(
  runner: QueryRunner,
  { examination }: Dialect,
  { schema }: TableNames,
  tables: readonly DescribedTable[],
): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map(({ name }) => name);
  const there = await examination.indexes(runner, schema, names);
  for (const { name: table, quoted, indexes } of tables) {
    for (const { name, definition } of indexes) {
      if (there.some((index) => index.table === table && index.name === name)) continue;
      await runner.query(examination.mend.addIndex(quoted, name, definition));
    }
  }
}
