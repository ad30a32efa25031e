import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../databases/dialect.js';
import type { TableNames } from '../sql/table-names.js';
import { describedTables } from './described-tables.js';

/**
 * Adds the indexes that these tables of an older version lack. On MySQL and MariaDB they stand in the statement that creates the
 * table, which skips a table that exists.
 */
export async function addMissingIndexes(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
  older: readonly string[],
): Promise<void> {
  if (older.length === 0) return;
  const all = describedTables(await dialect.createTables(runner, tables));
  const described = all.filter(({ quoted }) => older.includes(quoted));
  const { indexes, mend } = dialect.examination;
  const there = await indexes(
    runner,
    tables.schema,
    described.map(({ name }) => name),
  );
  for (const { name: table, quoted, indexes: wanted } of described) {
    for (const { name, definition } of wanted) {
      if (there.some((index) => index.table === table && index.name === name)) continue;
      await runner.query(mend.addIndex(quoted, name, definition));
    }
  }
}
