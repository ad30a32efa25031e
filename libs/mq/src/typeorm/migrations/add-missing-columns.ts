import type { QueryRunner } from 'typeorm';
import type { DescribedTable } from './described-tables.js';

/**
 * Adds the columns that tables of an older version lack, as the statement that creates them defines them. To be called only
 * for tables of which a migration is recorded: those of somebody else lack ours, too.
 *
 * Columns that are added here are nullable and have no default, so no server rewrites the table for them.
 *
 * @param missing by the quoted names of the tables that are there
 */
export async function addMissingColumns(
  runner: QueryRunner,
  described: readonly DescribedTable[],
  missing: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  for (const { quoted, columns } of described) {
    for (const { name, definition } of columns) {
      if (missing.get(quoted)?.includes(name))
        await runner.query(`ALTER TABLE ${quoted} ADD COLUMN ${name} ${definition}`);
    }
  }
}
